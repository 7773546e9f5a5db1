// SPDX-License-Identifier: Apache-2.0
// The topics that belong to one device, and the names by which it knows them. A device's name
// stands in none of its own topics; the broker puts it in, and takes it off again.

internal import SealBytes

/// The names of the spaces of devices.
enum DeviceTopics {
    /// Before the encoded identifier of topics that are called `v1/devices/me` by their device.
    static let thingPrefix = "v1/devices/"
    /// Before the encoded identifier of Cumulocity's device topics, such as `s/us`.
    static let devicePrefix = "$device/"
    /// Before the encoded client id of clients that fetch a device's credentials.
    static let bootstrapPrefix = "$bootstrap/"
}

/// What a message on one of a device's topics asks of the broker itself.
enum DeviceService: Equatable {
    /// `s/uat`: a token.
    case token
    /// `s/us` and its kin: lines of static templates.
    case templates
    /// `s/ucr`: credentials of a new device.
    case credentials
}

/// The own topics of one client.
final class TopicScope {
    /// What the client is.
    enum Kind {
        case device
        /// An account that fetches credentials for the device that its client id names.
        case bootstrap
    }

    let kind: Kind
    /// `v1/devices/<id>`, without a slash behind it.
    private let thing: [UInt8]
    /// `$device/<id>/` or `$bootstrap/<id>/`.
    let own: [UInt8]

    private static let me = Array("v1/devices/me".utf8)

    /// `level` is the identifier, encoded as one level.
    init(_ kind: Kind, level: [UInt8]) {
        self.kind = kind
        thing = Array(DeviceTopics.thingPrefix.utf8) + level
        let prefix =
            kind == .device ? DeviceTopics.devicePrefix : DeviceTopics.bootstrapPrefix
        own = Array(prefix.utf8) + level + [UInt8(ascii: "/")]
    }

    /// The topics of a client; nil when it has none of its own.
    convenience init?(_ principal: Principal) {
        guard principal.tenant != 0 else { return nil }
        if principal.device != nil {
            self.init(.device, level: principal.topicNames.device)
        } else if principal.isBootstrapping {
            self.init(.bootstrap, level: principal.topicNames.clientID)
        } else {
            return nil
        }
    }

    /// A topic or filter of the client as the broker knows it; nil when both use the same name.
    func brokerForm(_ topic: RawSpan) -> [UInt8]? {
        if kind == .device, Self.begins(topic, Self.me) {
            return thing + topic.extracting(Self.me.count..<topic.byteCount).copied()
        }
        return isDeviceTopic(topic) ? own + topic.copied() : nil
    }

    /// A topic of the broker as the client knows it; nil when both use the same name.
    func clientForm(_ topic: RawSpan) -> [UInt8]? {
        let count = own.count
        if topic.byteCount > count, topic.extracting(0..<count).equals(own) {
            return topic.extracting(count..<topic.byteCount).copied()
        }
        guard kind == .device, Self.begins(topic, thing) else { return nil }
        return Self.me + topic.extracting(thing.count..<topic.byteCount).copied()
    }

    /// The service that a topic of the client stands for.
    func service(of topic: RawSpan) -> DeviceService? {
        switch topic.byteCount {
        case 4: kind == .device && topic.equals(Self.templates(topic.byte(0))) ? .templates : nil
        case 5:
            if kind == .device, topic.equals(Self.tokens) {
                .token
            } else if kind == .bootstrap, topic.equals(Self.credentials) {
                .credentials
            } else {
                nil
            }
        default: nil
        }
    }

    private static let tokens = Array("s/uat".utf8)
    private static let credentials = Array("s/ucr".utf8)

    private static func templates(_ first: UInt8) -> [UInt8] { [first] + Array("/us".utf8) }

    /// The path itself, or something below it.
    private static func begins(_ topic: RawSpan, _ path: [UInt8]) -> Bool {
        guard topic.byteCount >= path.count, topic.extracting(0..<path.count).equals(path) else {
            return false
        }
        return topic.byteCount == path.count || topic.byte(path.count) == UInt8(ascii: "/")
    }

    // BOUND: the words of the table below.
    /// Cumulocity's topics: a letter for the kind of processing, then a word for what it is.
    ///
    /// A wildcard in place of the word means the topics that have none of these: as with `$`, what
    /// is reserved is asked for by name.
    private func isDeviceTopic(_ topic: RawSpan) -> Bool {
        guard topic.byteCount >= 3, topic.byte(1) == UInt8(ascii: "/") else { return false }
        switch topic.byte(0) {
        case UInt8(ascii: "s"): break
        case UInt8(ascii: "t"), UInt8(ascii: "q"), UInt8(ascii: "c"):
            guard kind == .device else { return false }
        default: return false
        }
        var end = 2
        while end < topic.byteCount, end < 6, topic.byte(end) != UInt8(ascii: "/") { end &+= 1 }
        guard end == topic.byteCount || topic.byte(end) == UInt8(ascii: "/") else { return false }
        let word = topic.extracting(2..<end)
        return (kind == .device ? Self.words : Self.bootstrapWords).contains { word.equals($0) }
    }

    private static let words = [
        "us", "ds", "uc", "dc", "ut", "dt", "ud", "dd", "ul", "dl", "e", "uat", "dat", "ucr", "dcr",
    ].map { Array($0.utf8) }
    private static let bootstrapWords = ["ucr", "dcr", "e"].map { Array($0.utf8) }
}
