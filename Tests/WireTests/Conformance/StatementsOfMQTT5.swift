// SPDX-License-Identifier: Apache-2.0
// The normative statements of MQTT 5.0: number, whose duty, and what it is about in our words.
// S server, C client, B both, N the network or WebSocket. After " -- " stands why no test shows it.

@testable import Stage

enum StatementsOfMQTT5 {
    static let text = """
        1.5.4-1 B text is well-formed UTF-8
        1.5.4-2 B text has no U+0000
        1.5.4-3 B U+FEFF is a character like any other
        1.5.5-1 B variable byte integers are as short as possible
        1.5.7-1 B both halves of a string pair are text
        2.1.3-1 B reserved flags have their listed values
        2.2.1-2 B QoS 0 has no packet id
        2.2.1-3 C new packets have an id that is not 0 and not in use
        2.2.1-4 S the server's PUBLISH has an id that is not in use
        2.2.1-5 B acknowledgements have the id of their PUBLISH
        2.2.1-6 S SUBACK and UNSUBACK have the id of their request
        2.2.2-1 B an empty property block has its length
        3.1.0-1 C the first packet is CONNECT
        3.1.0-2 S a second CONNECT ends the connection
        3.1.2-1 S another protocol name
        3.1.2-2 S another protocol version
        3.1.2-3 S the reserved connect flag
        3.1.2-4 S clean start discards the session
        3.1.2-5 S without clean start the session is resumed
        3.1.2-6 S without clean start and session a new one is made
        3.1.2-7 S a will is stored with the session
        3.1.2-8 S when the will is published
        3.1.2-9 C a will's fields are there when its flag is set
        3.1.2-10 S a will is removed once published or taken back
        3.1.2-11 C no will, no will QoS
        3.1.2-12 C a will's QoS is 0, 1 or 2
        3.1.2-13 C no will, no will retain
        3.1.2-14 S a will without retain is not retained
        3.1.2-15 S a will with retain is retained
        3.1.2-16 C no user name without its flag
        3.1.2-17 C a user name with its flag
        3.1.2-18 C no password without its flag
        3.1.2-19 C a password with its flag
        3.1.2-20 C a quiet client sends PINGREQ -- SealClient's tests
        3.1.2-21 C the server's keep-alive is the one in force
        3.1.2-22 S one and a half times the keep-alive
        3.1.2-23 B the session outlives the connection when it has an expiry
        3.1.2-24 S nothing above the client's maximum packet size is sent
        3.1.2-25 S a message that is too large counts as delivered
        3.1.2-26 S no alias above the client's maximum
        3.1.2-27 S no alias without a maximum
        3.1.2-28 S no response information unless asked
        3.1.2-29 S no reason string in acknowledgements when not wanted
        3.1.2-30 C only AUTH and DISCONNECT during authentication
        3.1.3-1 C order of the payload's fields
        3.1.3-2 B the client id names the session
        3.1.3-3 C the client id is there, and first
        3.1.3-4 C the client id is text
        3.1.3-5 S client ids of 1 to 23 letters and digits are taken
        3.1.3-6 S an empty client id is given a unique one
        3.1.3-7 S the assigned client id is told
        3.1.3-8 S a client id that is refused -- every well-formed id is taken
        3.1.3-9 S no will when the client is back within the delay
        3.1.3-10 S order of a will's user properties
        3.1.3-11 C the will topic is text
        3.1.3-12 C the user name is text
        3.1.4-1 S CONNECT is checked
        3.1.4-2 S who may not come in is sent away
        3.1.4-3 S taking over
        3.1.4-4 S clean start is done
        3.1.4-5 S CONNACK with 0x00
        3.1.4-6 S nothing behind a refused CONNECT is looked at
        3.2.0-1 S CONNACK comes first
        3.2.0-2 S one CONNACK
        3.2.2-1 S reserved flags of CONNACK
        3.2.2-2 S a clean start has no session present
        3.2.2-3 S session present
        3.2.2-4 C a session present that the client does not know -- SealClient's tests
        3.2.2-5 C a session the server does not have -- SealClient's tests
        3.2.2-6 S a refusal has no session present
        3.2.2-7 S a refusal ends the connection
        3.2.2-8 S reason codes of CONNACK
        3.2.2-9 S the highest QoS is told
        3.2.2-10 S SUBSCRIBE above the highest QoS is taken
        3.2.2-11 C no PUBLISH above the highest QoS
        3.2.2-12 S a will above the highest QoS
        3.2.2-13 S a retained will without retained messages
        3.2.2-14 C no retained PUBLISH without retained messages
        3.2.2-15 C nothing above the server's maximum packet size
        3.2.2-16 S an assigned client id is new
        3.2.2-17 C no alias above the server's maximum
        3.2.2-18 C no alias without a maximum
        3.2.2-19 S no reason string that makes CONNACK too large
        3.2.2-20 S no user property that makes CONNACK too large
        3.2.2-21 C the server's keep-alive is used
        3.2.2-22 S otherwise the client's
        3.3.1-1 B DUP when sent again
        3.3.1-2 B no DUP with QoS 0
        3.3.1-3 B DUP is not passed on
        3.3.1-4 B not both QoS bits
        3.3.1-5 S a retained message replaces the one before
        3.3.1-6 S an empty payload removes it
        3.3.1-7 S an empty payload is not retained
        3.3.1-8 S without the flag nothing is stored or removed
        3.3.1-9 S retain handling 0
        3.3.1-10 S retain handling 1
        3.3.1-11 S retain handling 2
        3.3.1-12 S retain as published 0
        3.3.1-13 S retain as published 1
        3.3.2-1 B the topic comes first and is text
        3.3.2-2 B no wildcards in a topic
        3.3.2-3 S the topic matches the subscription
        3.3.2-4 S payload format is passed on
        3.3.2-5 S an expired message is not delivered
        3.3.2-6 S the expiry counts down
        3.3.2-7 B aliases end with the connection
        3.3.2-8 B no alias 0
        3.3.2-9 C no alias above the server's maximum
        3.3.2-10 C the client takes all aliases it allowed -- SealClient's tests
        3.3.2-11 S no alias above the client's maximum
        3.3.2-12 S the server takes all aliases it allowed
        3.3.2-13 B the response topic is text
        3.3.2-14 B the response topic has no wildcards
        3.3.2-15 S the response topic is passed on
        3.3.2-16 S correlation data are passed on
        3.3.2-17 S user properties are passed on
        3.3.2-18 S in their order
        3.3.2-19 B the content type is text
        3.3.2-20 S the content type is passed on
        3.3.4-1 B the answer that the QoS asks for
        3.3.4-2 S overlapping subscriptions: the highest QoS
        3.3.4-3 S subscription identifiers are sent
        3.3.4-4 S a single copy carries all of them
        3.3.4-5 S several copies carry their own
        3.3.4-6 C a client sends no subscription identifier
        3.3.4-7 C no more than the server's receive maximum
        3.3.4-8 C other packets are not delayed -- SealClient's tests
        3.3.4-9 S no more than the client's receive maximum
        3.3.4-10 S other packets are not delayed
        3.4.2-1 B reason codes of PUBACK
        3.4.2-2 B a reason string that does not fit -- PUBACK never carries one
        3.4.2-3 B a user property that does not fit -- PUBACK never carries one
        3.5.2-1 B reason codes of PUBREC
        3.5.2-2 B a reason string that does not fit -- PUBREC never carries one
        3.5.2-3 B a user property that does not fit -- PUBREC never carries one
        3.6.1-1 B flags of PUBREL
        3.6.2-1 B reason codes of PUBREL
        3.6.2-2 B a reason string that does not fit -- PUBREL never carries one
        3.6.2-3 B a user property that does not fit -- PUBREL never carries one
        3.7.2-1 B reason codes of PUBCOMP
        3.7.2-2 B a reason string that does not fit -- PUBCOMP never carries one
        3.7.2-3 B a user property that does not fit -- PUBCOMP never carries one
        3.8.1-1 S flags of SUBSCRIBE
        3.8.3-1 C filters are text
        3.8.3-2 C at least one filter
        3.8.3-3 S no local
        3.8.3-4 C no local on a shared subscription
        3.8.3-5 S reserved bits of the options
        3.8.4-1 S SUBACK
        3.8.4-2 S its packet id
        3.8.4-3 S the same filter again replaces
        3.8.4-4 S retained messages again with handling 0
        3.8.4-5 S many filters are like many SUBSCRIBEs
        3.8.4-6 S a code for each
        3.8.4-7 S the QoS granted, or a failure
        3.8.4-8 S the lower of both QoS
        3.9.2-1 S a reason string that does not fit -- SUBACK never carries one
        3.9.2-2 S a user property that does not fit -- SUBACK never carries one
        3.9.3-1 S order of the codes
        3.9.3-2 S reason codes of SUBACK
        3.10.1-1 S flags of UNSUBSCRIBE
        3.10.3-1 C filters are text
        3.10.3-2 C at least one filter
        3.10.4-1 S filters are compared character by character
        3.10.4-2 S no new messages
        3.10.4-3 S deliveries that have begun are finished
        3.10.4-4 S UNSUBACK
        3.10.4-5 S its packet id, whatever was deleted
        3.10.4-6 S many filters are like many UNSUBSCRIBEs
        3.11.2-1 S a reason string that does not fit -- UNSUBACK never carries one
        3.11.2-2 S a user property that does not fit -- UNSUBACK never carries one
        3.11.3-1 S order of the codes
        3.11.3-2 S reason codes of UNSUBACK
        3.12.4-1 S PINGRESP
        3.14.0-1 S no DISCONNECT before CONNACK
        3.14.1-1 B flags of DISCONNECT
        3.14.2-1 B reason codes of DISCONNECT
        3.14.2-2 S no session expiry from a server
        3.14.2-3 B a reason string that does not fit
        3.14.2-4 B a user property that does not fit
        3.14.4-1 B nothing after DISCONNECT
        3.14.4-2 B the connection is closed after it
        3.14.4-3 S DISCONNECT with 0x00 takes the will back
        3.15.1-1 B flags of AUTH
        3.15.2-1 B reason codes of AUTH
        3.15.2-2 B a reason string that does not fit -- the broker sends no AUTH
        3.15.2-3 B a user property that does not fit -- the broker sends no AUTH
        4.1.0-1 B a session lives as long as its connection
        4.1.0-2 S it ends when its expiry has passed
        4.2.0-1 N an ordered, lossless stream -- TCP and TLS; the tests of SealNet
        4.3.1-1 B QoS 0 is sent with QoS 0 and without DUP
        4.3.2-1 B QoS 1: an id not in use
        4.3.2-2 B QoS 1: sent with it and without DUP
        4.3.2-3 B QoS 1: open until PUBACK
        4.3.2-4 B QoS 1: PUBACK with the id
        4.3.2-5 B QoS 1: after PUBACK the id is a new message
        4.3.3-1 B QoS 2: an id not in use
        4.3.3-2 B QoS 2: sent with it and without DUP
        4.3.3-3 B QoS 2: open until PUBREC
        4.3.3-4 B QoS 2: PUBREL with the id
        4.3.3-5 B QoS 2: open until PUBCOMP
        4.3.3-6 B QoS 2: no PUBLISH after PUBREL
        4.3.3-7 B QoS 2: no expiry once sent
        4.3.3-8 B QoS 2: PUBREC with the id
        4.3.3-9 B QoS 2: after PUBREC with an error the id is a new message
        4.3.3-10 B QoS 2: until PUBREL the same id is answered and not delivered
        4.3.3-11 B QoS 2: PUBCOMP with the id
        4.3.3-12 B QoS 2: after PUBCOMP the id is a new message
        4.3.3-13 B QoS 2: the exchange goes on after the message's expiry
        4.4.0-1 B what is sent again when a session is resumed, and only then
        4.4.0-2 B a refused message is not sent again
        4.5.0-1 S a message is added to the sessions that match
        4.5.0-2 C a client acknowledges what it gets -- SealClient's tests
        4.6.0-1 C sent again in the order of old
        4.6.0-2 C order of PUBACK -- SealClient's tests
        4.6.0-3 C order of PUBREC -- SealClient's tests
        4.6.0-4 C order of PUBREL -- SealClient's tests
        4.6.0-5 S order of delivery
        4.6.0-6 S every topic is ordered
        4.7.0-1 B no wildcards in topic names
        4.7.1-1 B where # may stand
        4.7.1-2 B where + may stand
        4.7.2-1 S topics that begin with $
        4.7.3-1 B at least one character
        4.7.3-2 B no U+0000
        4.7.3-3 B at most 65,535 bytes
        4.7.3-4 S no normalization
        4.8.2-1 B form of a shared subscription
        4.8.2-2 B form of its name
        4.8.2-3 S the QoS granted to the member
        4.8.2-4 S QoS 2 is finished with the member that began it
        4.8.2-5 S QoS 2 of an ended member goes to nobody else
        4.8.2-6 S a message that is refused goes to nobody else
        4.9.0-1 B the send quota at the beginning
        4.9.0-2 B the send quota goes down
        4.9.0-3 B other packets go on when it is 0
        4.12.0-1 S a method that is not supported
        4.12.0-2 S AUTH from the server has 0x18
        4.12.0-3 C AUTH from the client has 0x18
        4.12.0-4 S authentication that fails
        4.12.0-5 B the same method all along
        4.12.0-6 S no AUTH without a method
        4.12.0-7 C no AUTH without a method
        4.12.1-1 C another method when authenticating anew
        4.12.1-2 B authenticating anew fails
        4.13.1-1 S malformed packets and protocol errors end the connection
        4.13.2-1 B reason codes of errors in CONNACK and DISCONNECT
        6.0.0-1 N WebSocket: binary frames -- there is no WebSocket listener yet
        6.0.0-2 N WebSocket: frames and packets -- there is no WebSocket listener yet
        6.0.0-3 N WebSocket: the client's subprotocol -- there is no WebSocket listener yet
        6.0.0-4 N WebSocket: the server's subprotocol -- there is no WebSocket listener yet
        """
}
