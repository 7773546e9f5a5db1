// SPDX-License-Identifier: Apache-2.0
// Messages on their way from the client's thread to a reader: bounded, because the thread stops
// reading the connection when a reader is too far behind.

internal import SealBytes
public import SealMQTT

/// The messages of one reader.
final class MessageBuffer: Sendable {
    private struct State {
        var queue: [IncomingMessage] = []
        var start = 0
        var waiting: [(number: UInt64, reader: Reader)] = []
        var lastNumber: UInt64 = 0
        var ending: Result<Void, MQTTClientError>?
        var count: Int { queue.count - start }

        mutating func pop() -> IncomingMessage? {
            guard start < queue.count else { return nil }
            let message = queue[start]
            start += 1
            if start == queue.count || start > 1024 {
                queue.removeFirst(start)
                start = 0
            }
            return message
        }
    }

    private typealias Reader = CheckedContinuation<IncomingMessage?, any Error>

    private let state = Locked(State())
    private let messagesMax: Int
    private let inbox: ClientInbox

    init(messagesMax: Int, inbox: ClientInbox) {
        self.messagesMax = max(messagesMax, 1)
        self.inbox = inbox
    }

    /// Whether the reader is too far behind.
    var isFull: Bool { state.withLock { $0.count >= messagesMax } }

    /// Takes a message from the client's thread.
    func push(_ message: IncomingMessage) {
        let reader: Reader? = state.withLock { state in
            guard state.ending == nil else { return nil }
            if state.waiting.isEmpty {
                state.queue.append(message)
                return nil
            }
            return state.waiting.removeFirst().reader
        }
        guard let reader else { return }
        took(message)
        reader.resume(returning: message)
    }

    /// Ends the sequence; what waits is still read.
    func end(_ ending: Result<Void, MQTTClientError>) {
        let readers: [Reader] = state.withLock { state in
            if state.ending == nil { state.ending = ending }
            defer { state.waiting = [] }
            return state.waiting.map(\.reader)
        }
        for reader in readers { finish(reader, ending) }
    }

    /// Ends the sequence and drops what waits.
    func abandon() {
        end(.success(()))
        while let message = state.withLock({ $0.pop() }) { took(message) }
    }

    func next() async throws -> IncomingMessage? {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(number, $0) }
        } onCancel: {
            cancel(number)
        }
    }

    private enum Answer {
        case message(IncomingMessage, hasRoom: Bool)
        case ended(Result<Void, MQTTClientError>)
        case waits
    }

    private func wait(_ number: UInt64, _ reader: Reader) {
        // A task that was cancelled before it came here finds nobody to cancel it any more.
        let isCancelled = Task.isCancelled
        let answer: Answer = state.withLock { state in
            let count = state.count
            if let message = state.pop() {
                return .message(message, hasRoom: count == messagesMax)
            }
            if let ending = state.ending { return .ended(ending) }
            if isCancelled { return .ended(.success(())) }
            state.waiting.append((number, reader))
            return .waits
        }
        switch answer {
        case .message(let message, let hasRoom):
            took(message)
            if hasRoom { inbox.post(.resume) }
            reader.resume(returning: message)
        case .ended(let ending): finish(reader, ending)
        case .waits: break
        }
    }

    private func cancel(_ number: UInt64) {
        let reader: Reader? = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else {
                return nil
            }
            return state.waiting.remove(at: index).reader
        }
        reader?.resume(returning: nil)
    }

    private func finish(_ reader: Reader, _ ending: Result<Void, MQTTClientError>) {
        switch ending {
        case .success: reader.resume(returning: nil)
        case .failure(let error): reader.resume(throwing: error)
        }
    }

    private func took(_ message: IncomingMessage) {
        if let receipt = message.receipt { inbox.post(.take(receipt)) }
    }
}

/// Messages as they come; ends when the client is disconnected, throws when the connection is
/// lost for good.
public struct MQTTMessages: AsyncSequence, Sendable {
    let buffer: MessageBuffer

    /// Reads messages one after another.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let buffer: MessageBuffer

        /// The next message; with QoS 1 it is acknowledged when it is handed out.
        public mutating func next() async throws -> MQTTMessage? {
            try await buffer.next().map(MQTTMessage.init)
        }
    }

    /// A reader; several readers share the messages among them.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(buffer: buffer) }
}

/// A subscription with its messages; it ends when nobody holds it any more.
public struct MQTTSubscription: AsyncSequence, Sendable {
    /// What the server granted, for each filter.
    public let codes: [ReasonCode]
    let lease: SubscriptionLease

    /// Reads messages one after another.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let lease: SubscriptionLease

        /// The next message; with QoS 1 it is acknowledged when it is handed out.
        public mutating func next() async throws -> MQTTMessage? {
            try await lease.buffer.next().map(MQTTMessage.init)
        }
    }

    /// A reader; several readers share the messages among them.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(lease: lease) }
}

/// Ends a subscription when the last holder lets it go.
final class SubscriptionLease: Sendable {
    let claim: UInt64
    let buffer: MessageBuffer
    private let inbox: ClientInbox

    init(claim: UInt64, buffer: MessageBuffer, inbox: ClientInbox) {
        self.claim = claim
        self.buffer = buffer
        self.inbox = inbox
    }

    deinit {
        buffer.abandon()
        inbox.post(.release(claim))
    }
}
