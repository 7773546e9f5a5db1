// SPDX-License-Identifier: Apache-2.0
// How large a topic or filter may be: what is kept for each level costs many times its bytes.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// Refuses a topic or filter with too many bytes or levels.
    func checkSize(
        _ name: RawSpan,
        _ code: MQTTError.Code,
        _ reason: MQTTReason
    ) throws(MQTTError) {
        if name.byteCount > limits.topicBytesMax {
            counters.limitHits.add(.topicBytes)
            throw MQTTError(
                code,
                reason,
                "a topic or filter has more bytes than topic-bytes in [limits] allows",
                clause: "MQTT 5.0 §4.7.3"
            )
        }
        if !hasFewLevels(name) {
            counters.limitHits.add(.topicLevels)
            throw MQTTError(
                code,
                reason,
                "a topic or filter has more levels than topic-levels in [limits] allows",
                clause: "MQTT 5.0 §4.7.3"
            )
        }
    }

    /// Whether a topic is within both bounds.
    func fits(_ topic: RawSpan) -> Bool {
        topic.byteCount <= limits.topicBytesMax && hasFewLevels(topic)
    }

    private func hasFewLevels(_ name: RawSpan) -> Bool {
        var slashes = 0
        for index in 0..<name.byteCount where name.byte(index) == UInt8(ascii: "/") { slashes += 1 }
        return slashes < limits.topicLevelsMax
    }
}
