// SPDX-License-Identifier: Apache-2.0
// %j and %J: a message as one JSON object.

import SealBytes
import SealClient
import SealMQTT

enum MessageJSON {
    enum Payload { case string, json }

    static func text(_ message: MQTTMessage, payload: Payload, at time: WallTime) -> String {
        let micros = WallTime.padded(time.nanoseconds / 1000, 6)
        let stamp = time.text("%Y-%m-%dT%H:%M:%S") + "." + micros + time.text("%z")
        var members = [
            "\"tst\":\"\(stamp)\"",
            "\"topic\":\(JSONText.quoted(message.topic))",
            "\"qos\":\(message.qos)",
            "\"retain\":\(message.isRetained)",
            "\"payloadlen\":\(message.payload.count)",
        ]
        if message.qos > 0 { members.append("\"mid\":\(message.packetID)") }
        let properties = properties(message.properties)
        if !properties.isEmpty { members.append("\"properties\":{\(properties)}") }
        let value: String
        if message.payload.isEmpty {
            value = "null"
        } else {
            switch payload {
            case .string: value = JSONText.quoted(message.text)
            case .json: value = message.text
            }
        }
        members.append("\"payload\":\(value)")
        return "{" + members.joined(separator: ",") + "}"
    }

    private static func properties(_ details: PublishDetails) -> String {
        var members: [String] = []
        if let format = details.payloadFormat {
            members.append("\"payload-format-indicator\":\(format)")
        }
        if let seconds = details.messageExpirySeconds {
            members.append("\"message-expiry-interval\":\(seconds)")
        }
        if details.topicAlias != 0 { members.append("\"topic-alias\":\(details.topicAlias)") }
        if let type = details.contentType {
            members.append("\"content-type\":\(JSONText.quoted(type))")
        }
        if let topic = details.responseTopic {
            members.append(
                "\"response-topic\":\(JSONText.quoted(String(decoding: topic, as: UTF8.self)))"
            )
        }
        if let bytes = details.correlationData {
            members.append(
                "\"correlation-data\":\(JSONText.quoted(String(decoding: bytes, as: UTF8.self)))"
            )
        }
        let identifiers = details.subscriptionIdentifiers.map(String.init)
        if identifiers.count == 1 {
            members.append("\"subscription-identifier\":\(identifiers[0])")
        } else if !identifiers.isEmpty {
            members.append("\"subscription-identifier\":[\(identifiers.joined(separator: ","))]")
        }
        if !details.userProperties.isEmpty {
            let pairs = details.userProperties.map {
                "{\(JSONText.quoted($0.name)):\(JSONText.quoted($0.value))}"
            }
            members.append("\"user-properties\":[\(pairs.joined(separator: ","))]")
        }
        return members.joined(separator: ",")
    }
}
