// SPDX-License-Identifier: Apache-2.0
// The names of topics in questions about what a client may do.

internal import SealBytes

extension Principal {
    /// The name under which the broker knows a topic or filter of this client.
    public func brokerTopic(_ topic: String) -> String {
        let bytes = Array(topic.utf8)
        guard let form = TopicScope(self)?.brokerForm(bytes.span.bytes) else { return topic }
        return String(decoding: form, as: UTF8.self)
    }
}
