// SPDX-License-Identifier: Apache-2.0
// -D COMMAND IDENTIFIER [NAME] VALUE: the properties of MQTT 5, by their names in the standard.

import SealBytes
import SealMQTT

/// The properties that were asked for.
struct PropertyOptions: Sendable {
    var isUsed = false
    var connect = ConnectProperties()
    var connectUser: [UserProperty] = []
    var publish = PublishDetails()
    var will = PublishDetails()
    var willDelaySeconds: UInt32 = 0
    var subscriptionIdentifier: UInt32?
    var subscribeUser: [UserProperty] = []
    var unsubscribeUser: [UserProperty] = []
    var disconnectExpiry: UInt32?
    var disconnectUser: [UserProperty] = []

    private static let commands = [
        "connect", "publish", "will", "subscribe", "unsubscribe", "disconnect",
    ]

    mutating func read(_ arguments: inout Arguments, _ flag: String) throws(UsageError) {
        let command = try arguments.value(of: flag)
        let identifier = try arguments.value(of: flag)
        guard Self.commands.contains(command) else {
            throw UsageError(
                message: "\(flag): '\(command)' is no command",
                hint: "one of \(Self.commands.joined(separator: ", "))"
            )
        }
        isUsed = true
        let value = try arguments.value(of: "\(flag) \(command) \(identifier)")
        if identifier == "user-property" {
            let second = try arguments.value(of: "\(flag) \(command) user-property \(value)")
            add(UserProperty(name: value, value: second), to: command)
            return
        }
        let isKnown =
            switch command {
            case "connect": try readConnect(identifier, value)
            case "publish": try Self.read(identifier, value, into: &publish)
            case "will": try readWill(identifier, value)
            case "subscribe": try readSubscribe(identifier, value)
            case "disconnect": try readDisconnect(identifier, value)
            default: false
            }
        guard isKnown else {
            throw UsageError(message: "\(flag): '\(identifier)' is no property of \(command)")
        }
    }

    private mutating func add(_ property: UserProperty, to command: String) {
        switch command {
        case "connect": connectUser.append(property)
        case "publish": publish.userProperties.append(property)
        case "will": will.userProperties.append(property)
        case "subscribe": subscribeUser.append(property)
        case "unsubscribe": unsubscribeUser.append(property)
        default: disconnectUser.append(property)
        }
    }

    private static func number(
        _ text: String,
        _ name: String,
        _ range: ClosedRange<Int>
    ) throws(UsageError) -> Int {
        try Numbers.whole(text, of: name, in: range)
    }

    private mutating func readConnect(
        _ name: String,
        _ value: String
    ) throws(UsageError) -> Bool {
        switch name {
        case "session-expiry-interval":
            connect.sessionExpirySeconds = UInt32(
                clamping: try Self.number(value, name, 0...Int(UInt32.max))
            )
        case "receive-maximum":
            connect.receiveMaximum = UInt16(clamping: try Self.number(value, name, 1...65_535))
        case "maximum-packet-size":
            connect.maximumPacketSize = UInt32(
                clamping: try Self.number(value, name, 1...Int(UInt32.max))
            )
        case "topic-alias-maximum":
            // Taken and not used: no alias is allowed to the server.
            _ = try Self.number(value, name, 0...65_535)
        case "request-response-information":
            connect.requestResponseInformation = try Self.number(value, name, 0...1) == 1
        case "request-problem-information":
            connect.requestProblemInformation = try Self.number(value, name, 0...1) == 1
        case "authentication-method": connect.authenticationMethod = Array(value.utf8)
        case "authentication-data": connect.authenticationData = Array(value.utf8)
        default: return false
        }
        return true
    }

    private static func read(
        _ name: String,
        _ value: String,
        into details: inout PublishDetails
    ) throws(UsageError) -> Bool {
        switch name {
        case "payload-format-indicator":
            details.payloadFormat = UInt8(clamping: try number(value, name, 0...1))
        case "message-expiry-interval":
            details.messageExpirySeconds = UInt32(
                clamping: try number(value, name, 0...Int(UInt32.max))
            )
        case "topic-alias":
            details.topicAlias = UInt16(clamping: try number(value, name, 1...65_535))
        case "content-type": details.contentType = value
        case "response-topic": details.responseTopic = Array(value.utf8)
        case "correlation-data": details.correlationData = Array(value.utf8)
        default: return false
        }
        return true
    }

    private mutating func readWill(_ name: String, _ value: String) throws(UsageError) -> Bool {
        if name == "will-delay-interval" {
            willDelaySeconds = UInt32(clamping: try Self.number(value, name, 0...Int(UInt32.max)))
            return true
        }
        return name == "topic-alias" ? false : try Self.read(name, value, into: &will)
    }

    private mutating func readSubscribe(
        _ name: String,
        _ value: String
    ) throws(UsageError) -> Bool {
        guard name == "subscription-identifier" else { return false }
        subscriptionIdentifier = UInt32(
            clamping: try Self.number(value, name, 1...268_435_455)
        )
        return true
    }

    private mutating func readDisconnect(
        _ name: String,
        _ value: String
    ) throws(UsageError) -> Bool {
        guard name == "session-expiry-interval" else { return false }
        disconnectExpiry = UInt32(clamping: try Self.number(value, name, 0...Int(UInt32.max)))
        return true
    }
}
