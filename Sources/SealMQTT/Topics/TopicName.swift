// SPDX-License-Identifier: Apache-2.0
// What a topic name may be: MQTT 5.0 §4.7, the same in all versions.

internal import SealBytes

/// Checks of topic names.
public enum TopicName {
    /// Refuses what is not a topic name: empty, longer than 65,535 bytes, not UTF-8, with a control
    /// character, a non-character or a wildcard.
    public static func check(_ topic: RawSpan) throws(MQTTError) {
        // [MQTT-4.7.3-3].
        guard topic.byteCount <= 65_535 else {
            throw invalid("The topic name is longer than 65,535 bytes.", "MQTT 5.0 §4.7.3")
        }
        // [MQTT-1.5.4-1], [MQTT-4.7.3-2].
        guard topic.isPlainUTF8 else { throw .notUTF8() }
        try checkCharacters(topic)
    }

    /// The same for bytes that are known to be UTF-8 without such characters.
    static func checkCharacters(_ topic: RawSpan) throws(MQTTError) {
        // [MQTT-4.7.3-1].
        guard topic.byteCount > 0 else {
            throw invalid("The topic name is empty.", "MQTT 5.0 §4.7.3")
        }
        var index = 0
        while index < topic.byteCount {
            let byte = topic.byte(index)
            // [MQTT-3.3.2-2], [MQTT-4.7.0-1], MQTT 3.1.1 [MQTT-4.7.1-1].
            if byte == 0x23 || byte == 0x2B {
                throw invalid("The topic name has a wildcard, # or +.", "MQTT 5.0 §4.7.1")
            }
            index &+= 1
        }
    }

    private static func invalid(_ reason: StaticString, _ clause: StaticString) -> MQTTError {
        // 0x90 is for names that are written correctly (MQTT 5.0 §2.4).
        MQTTError(.topicNameInvalid, .malformedPacket, reason, clause: clause)
    }
}
