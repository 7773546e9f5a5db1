// SPDX-License-Identifier: Apache-2.0
// The normative statements of MQTT 3.1.1: number, whose duty, and what it is about in our words.
// S server, C client, B both, N the network or WebSocket. After " -- " stands why no test shows it.

@testable import Stage

enum StatementsOfMQTT311 {
    static let text = """
        1.5.3-1 B text is well-formed UTF-8
        1.5.3-2 B text has no U+0000
        1.5.3-3 B U+FEFF is a character like any other
        2.2.2-1 B reserved flags have their listed values
        2.2.2-2 B other flags end the connection
        2.3.1-1 B a packet id is there and not 0
        2.3.1-2 C an id that is not in use -- SealClient's tests
        2.3.1-3 C the same id when sent again
        2.3.1-4 S the same for the server's PUBLISH
        2.3.1-5 B QoS 0 has no packet id
        2.3.1-6 B acknowledgements have the id of their PUBLISH
        2.3.1-7 S SUBACK and UNSUBACK have the id of their request
        3.1.0-1 C the first packet is CONNECT
        3.1.0-2 S a second CONNECT ends the connection
        3.1.2-1 S another protocol name
        3.1.2-2 S another protocol level: return code 1
        3.1.2-3 S the reserved connect flag
        3.1.2-4 S a session that is kept is resumed
        3.1.2-5 S messages are stored for it
        3.1.2-6 B a clean session keeps nothing
        3.1.2-7 S retained messages are no part of a session
        3.1.2-8 S a will is stored and published
        3.1.2-9 C a will's fields are there when its flag is set
        3.1.2-10 S a will is removed once published or taken back
        3.1.2-11 C no will, no will flags and fields
        3.1.2-12 S no will, nothing published
        3.1.2-13 C no will, no will QoS
        3.1.2-14 C a will's QoS is 0, 1 or 2
        3.1.2-15 C no will, no will retain
        3.1.2-16 S a will without retain is not retained
        3.1.2-17 S a will with retain is retained
        3.1.2-18 C no user name without its flag
        3.1.2-19 C a user name with its flag
        3.1.2-20 C no password without its flag
        3.1.2-21 C a password with its flag
        3.1.2-22 C no password without a user name
        3.1.2-23 C a quiet client sends PINGREQ -- SealClient's tests
        3.1.2-24 S one and a half times the keep-alive
        3.1.3-1 C order of the payload's fields
        3.1.3-2 B the client id names the session
        3.1.3-3 C the client id is there, and first
        3.1.3-4 C the client id is text
        3.1.3-5 S client ids of 1 to 23 letters and digits are taken
        3.1.3-6 S an empty client id is given a unique one
        3.1.3-7 C an empty client id comes with a clean session
        3.1.3-8 S an empty client id without one: return code 2
        3.1.3-9 S a client id that is refused: return code 2
        3.1.3-10 C the will topic is text
        3.1.3-11 C the user name is text
        3.1.4-1 S a malformed CONNECT is not answered
        3.1.4-2 S taking over
        3.1.4-3 S clean session is done
        3.1.4-4 S CONNACK with 0
        3.1.4-5 S nothing behind a refused CONNECT is looked at
        3.2.0-1 S CONNACK comes first
        3.2.2-1 S a clean session has no session present
        3.2.2-2 S session present
        3.2.2-3 S no session present
        3.2.2-4 S a refusal has no session present
        3.2.2-5 S a refusal ends the connection
        3.2.2-6 S without a return code that fits there is no CONNACK
        3.3.1-1 B DUP when sent again
        3.3.1-2 B no DUP with QoS 0
        3.3.1-3 B DUP is not passed on
        3.3.1-4 B not both QoS bits
        3.3.1-5 S a retained message is stored with its QoS
        3.3.1-6 S it is sent to a new subscription
        3.3.1-7 S a retained QoS 0 message replaces the one before
        3.3.1-8 S the flag is set for a new subscription
        3.3.1-9 S the flag is not set for one that is there
        3.3.1-10 S an empty payload is delivered and removes the message
        3.3.1-11 S an empty payload is not retained
        3.3.1-12 S without the flag nothing is stored or removed
        3.3.2-1 B the topic comes first and is text
        3.3.2-2 B no wildcards in a topic
        3.3.2-3 S the topic matches the subscription
        3.3.4-1 B the answer that the QoS asks for
        3.3.5-1 S overlapping subscriptions: the highest QoS
        3.3.5-2 S a PUBLISH that is not allowed is answered or ends the connection
        3.6.1-1 B flags of PUBREL
        3.8.1-1 S flags of SUBSCRIBE
        3.8.3-1 C filters are text
        3.8.3-2 S wildcards that are not supported -- they are supported
        3.8.3-3 C at least one filter
        3-8.3-4 S reserved bits and QoS 3
        3.8.4-1 S SUBACK
        3.8.4-2 S its packet id
        3.8.4-3 S the same filter again replaces
        3.8.4-4 S many filters are like many SUBSCRIBEs
        3.8.4-5 S a code for each
        3.8.4-6 S the lower of both QoS
        3.9.3-1 S order of the codes
        3.9.3-2 S codes of SUBACK
        3.10.1-1 S flags of UNSUBSCRIBE
        3.10.3-1 C filters are text
        3.10.3-2 C at least one filter
        3.10.4-1 S filters are compared byte by byte
        3.10.4-2 S no new messages
        3.10.4-3 S deliveries that have begun are finished
        3.10.4-4 S UNSUBACK with the packet id
        3.10.4-5 S also when nothing was deleted
        3.10.4-6 S many filters are like many UNSUBSCRIBEs
        3.12.4-1 S PINGRESP
        3.14.1-1 S flags of DISCONNECT
        3.14.4-1 C the connection is closed after DISCONNECT
        3.14.4-2 C nothing after DISCONNECT
        3.14.4-3 S DISCONNECT takes the will back
        4.1.0-1 B the session is stored as long as it lasts
        4.1.0-2 B it lasts as long as its connection
        4.3.1-1 B QoS 0
        4.3.2-1 B QoS 1, the sender
        4.3.2-2 B QoS 1, the receiver
        4.3.3-1 B QoS 2, the sender
        4.3.3-2 B QoS 2, the receiver
        4.4.0-1 B what is sent again when a session is resumed
        4.5.0-1 S a message is added to the sessions that match
        4.5.0-2 C a client acknowledges what it gets -- SealClient's tests
        4.6.0-1 C sent again in the order of old
        4.6.0-2 C order of PUBACK -- SealClient's tests
        4.6.0-3 C order of PUBREC -- SealClient's tests
        4.6.0-4 C order of PUBREL -- SealClient's tests
        4.6.0-5 S every topic is ordered
        4.6.0-6 S order of delivery
        4.7.1-1 B no wildcards in topic names
        4.7.1-2 B where # may stand
        4.7.1-3 B where + may stand
        4.7.2-1 S topics that begin with $
        4.7.3-1 B at least one character
        4.7.3-2 B no U+0000
        4.7.3-3 B at most 65,535 bytes
        4.7.3-4 S no normalization
        4.8.0-1 B breaches of the protocol end the connection
        4.8.0-2 B transient errors end the connection -- there is none on this path yet
        6.0.0-1 N WebSocket: binary frames -- there is no WebSocket listener yet
        6.0.0-2 N WebSocket: frames and packets -- there is no WebSocket listener yet
        6.0.0-3 N WebSocket: the client's subprotocol -- there is no WebSocket listener yet
        6.0.0-4 N WebSocket: the server's subprotocol -- there is no WebSocket listener yet
        7.0.0-1 B servers that connect to servers -- there is no bridge
        7.0.0-2 B no extension is required -- mosquitto's and paho's clients, as they are
        7.1.1-1 N an ordered, lossless stream -- TCP and TLS; the tests of SealNet
        7.1.2-1 N the same for clients -- TCP and TLS; the tests of SealNet
        """
}
