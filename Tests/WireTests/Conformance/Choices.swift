// SPDX-License-Identifier: Apache-2.0
// What the standards leave open, or what brokers in use answer otherwise, and what we chose. A
// part of Documentation/conformance.md.

@testable import Stage

enum Choices {
    /// Each row is shown by a test of this target.
    static let section = """

        ## Choices

        Clients and test suites exist that compare a broker's answers byte by byte with mosquitto's.
        Where no numbered statement is touched, the broker answers with mosquitto's bytes; the log
        says more than the wire.

        | matter | what the standard says | what the broker does |
        | --- | --- | --- |
        | Reason strings | A server may send them unless CONNECT has Request Problem Information \
        0 (§3.1.2.11.7). | They are sent to clients whose CONNECT has it as 1; `reason-strings` \
        of a listener changes that. The shortest answer is what clients expect that never asked. \
        `sealwire` asks. |
        | Order of CONNACK's properties | Any. | mosquitto's. |
        | Control characters U+0001 to U+001F and U+007F to U+009F, non-characters | "Should \
        not" be in text; a receiver may close the connection (§1.5.4). | Refused in everything \
        that is a name (client id 0x85, topics, filters, user names, content type and the like \
        0x81; before MQTT 5.0 the connection is closed), because they break tools and logs. \
        Taken in values of user properties, in reason strings, in passwords and payloads. |
        | A property of another packet | Malformed, 0x81 (§2.2.2.2); of some properties protocol \
        error, 0x82 (§3.3.4). | 0x82, but 0x81 in SUBSCRIBE and UNSUBSCRIBE, and 0x81 everywhere \
        when it is cut short or does not exist. |
        | A packet id of 0, packet type 0 | No code is named. | 0x82; a packet id of 0 in \
        SUBSCRIBE and UNSUBSCRIBE is 0x81. |
        | A shared subscription without name or filter | No code is named. | 0x82; 0x81 when a \
        wildcard is in the wrong place, even before the filter. |
        | A PUBLISH to a topic that begins with `$share/` | Nothing; nobody could read it. | \
        Refused: PUBACK and PUBREC have 0x87. |
        | PUBACK and PUBREC, and the copy for a publisher that subscribes to its own topic | Any \
        order. | The answer first. |
        | A QoS 1 or 2 message that is not sent, too large for its receiver or expired in its \
        queue | Nothing. | Its packet id is passed over. |
        | A wildcard in a topic name | No code is named; 0x90 is for names that are well-formed. \
        | 0x81; 0x82 in a response topic. |
        | An unreadable remaining length | DISCONNECT should be sent (§4.13.1). | The connection \
        is closed without it, also in a packet that only a server sends: where packets begin is \
        not known any more. |
        | Flags of a CONNACK from a client | It is malformed, and a protocol error. | 0x82. |
        | DISCONNECT with a reason code or a server reference that only a server sends | \
        Protocol error (§3.14.2.1). | The connection ends, the will is published, and nothing is \
        answered to a client that has said goodbye. |
        | PUBREL and PUBREC with an unknown id | 0x92, which "is not an error during recovery" \
        (§2.4). | Answered without a code: whether the client recovers cannot be seen, and a \
        message that arrived long ago must not look refused. |
        | 0x10, no matching subscribers | A server may use it (§3.4.2.1). | In PUBACK, of \
        retained messages too; not in PUBREC. |
        | A protocol level above 5 | 0x84 (MQTT 5.0), return code 1 (MQTT 3.1.1). | CONNACK of \
        MQTT 5.0 with 0x84; below 3 return code 1. |
        | Flags in the fixed header of CONNECT | 0; in MQTT 3.1 not used. | Not looked at in \
        MQTT 3.1. |

        In these the broker keeps to the standard and differs from mosquitto 2.1: a
        wrong password is refused with 0x86, before MQTT 5.0 with 4 (mosquitto: "not
        authorized", 0x87 and 5); QoS 3 or retain handling 3 in SUBSCRIBE, a
        subscription identifier of 0, a SUBSCRIBE or UNSUBSCRIBE without filters and a
        PUBLISH without topic are 0x82 (mosquitto: 0x81); wrong flags of AUTH are 0x81
        (0x82); a client id that is no UTF-8 is 0x81 (0x85); a CONNECT of MQTT 5.0 with
        a wrong user name gets CONNACK 0x81 (nothing); a will is published when its
        session is taken over, and a will delay ends with the session; a QoS 2 message
        goes to subscribers when PUBLISH arrives, not with PUBREL.

        """
}
