// SPDX-License-Identifier: Apache-2.0
// A message that outlives the packet it came in: immutable, one allocation, shared by sessions,
// shards and the retained store. Its bytes are topic, properties and payload, one after another.

/// What a message carries besides its bytes.
public struct MessageHeader: Sendable {
    /// How many of the bytes are the topic's, from the start.
    public var topicCount: Int
    /// How many bytes of properties follow, in MQTT 5.0's encoding, without a length before them.
    ///
    /// They hold what goes on to the receiver unchanged: no alias, no expiry, no subscription id.
    public var propertyCount: Int
    /// How many bytes of payload follow.
    public var payloadCount: Int
    /// The quality of service it was published with.
    public var qos: UInt8
    /// Whether the publisher asked for retention.
    public var isRetained: Bool
    /// When it ends, in milliseconds of the monotonic clock; `UInt64.max` is never.
    public var expiresAt: UInt64
    /// The tenant it belongs to.
    public var tenant: UInt32
    /// Which session published it (for No Local); `UInt64.max` is none.
    public var origin: UInt64

    /// Makes a header.
    public init(
        topicCount: Int,
        propertyCount: Int,
        payloadCount: Int,
        qos: UInt8,
        isRetained: Bool,
        expiresAt: UInt64 = .max,
        tenant: UInt32 = 0,
        origin: UInt64 = .max
    ) {
        self.topicCount = topicCount
        self.propertyCount = propertyCount
        self.payloadCount = payloadCount
        self.qos = qos
        self.isRetained = isRetained
        self.expiresAt = expiresAt
        self.tenant = tenant
        self.origin = origin
    }
}

// SAFETY: the storage is written once, before the value is handed out, and never again.
/// A published message.
public struct Message: @unchecked Sendable {
    @usableFromInline
    final class Storage: ManagedBuffer<MessageHeader, UInt8> {}

    @usableFromInline let storage: Storage

    /// Copies the three parts into one allocation.
    public init(
        _ header: MessageHeader,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) {
        var header = header
        header.topicCount = topic.byteCount
        header.propertyCount = properties.byteCount
        header.payloadCount = payload.byteCount
        let total = topic.byteCount + properties.byteCount + payload.byteCount
        let made = Storage.create(minimumCapacity: total) { _ in header }
        storage = unsafeDowncast(made, to: Storage.self)
        // SAFETY: the capacity is the sum of the three counts.
        unsafe storage.withUnsafeMutablePointerToElements { start in
            unsafe copy(topic, to: start)
            unsafe copy(properties, to: start + topic.byteCount)
            unsafe copy(payload, to: start + topic.byteCount + properties.byteCount)
        }
    }

    /// What it carries besides its bytes.
    @inlinable public var header: MessageHeader { storage.header }

    /// The topic's bytes.
    @inlinable public var topic: RawSpan {
        @_lifetime(borrow self) get { span(from: 0, count: storage.header.topicCount) }
    }

    /// The properties' bytes.
    @inlinable public var properties: RawSpan {
        @_lifetime(borrow self) get {
            span(from: storage.header.topicCount, count: storage.header.propertyCount)
        }
    }

    /// The payload's bytes.
    @inlinable public var payload: RawSpan {
        @_lifetime(borrow self) get {
            span(
                from: storage.header.topicCount + storage.header.propertyCount,
                count: storage.header.payloadCount
            )
        }
    }

    /// How many bytes of memory it stands for in a quota.
    @inlinable public var byteCount: Int {
        storage.header.topicCount + storage.header.propertyCount + storage.header.payloadCount
    }

    /// Whether both are the same message in memory.
    @inlinable
    public func isSame(as other: Message) -> Bool { storage === other.storage }

    @inlinable
    @_lifetime(borrow self)
    func span(from offset: Int, count: Int) -> RawSpan {
        // SAFETY: the storage lives as long as `self`, and is never written after `init`.
        let start = unsafe storage.withUnsafeMutablePointerToElements { unsafe $0 }
        let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(start + offset), byteCount: count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }
}

private func copy(_ bytes: RawSpan, to target: UnsafeMutablePointer<UInt8>) {
    guard bytes.byteCount > 0 else { return }
    // SAFETY: the caller reserved `byteCount` bytes at `target`.
    unsafe bytes.withUnsafeBytes { source in
        guard let start = source.baseAddress else { return }
        unsafe UnsafeMutableRawPointer(target).copyMemory(from: start, byteCount: source.count)
    }
}
