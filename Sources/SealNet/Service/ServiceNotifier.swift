// SPDX-License-Identifier: Apache-2.0
// What the service supervisor is told: ready, reloading, stopping, alive. One datagram each, as
// sd_notify(3) describes; without a supervisor nothing happens.

internal import CSys
internal import Glibc

/// Tells the service supervisor how the daemon is.
public struct ServiceNotifier: Sendable {
    /// The socket's path; a leading @ stands for the abstract namespace.
    private let path: String
    /// How often the supervisor wants a sign of life, in milliseconds; nil is never.
    public let watchdogMilliseconds: Int?

    /// The supervisor named in the environment; nil when there is none.
    public init?(environment: [String: String], processID: Int32? = nil) {
        guard let path = environment["NOTIFY_SOCKET"], path.utf8.count > 1,
            path.utf8.count < 108, path.begins(with: "/") || path.begins(with: "@")
        else { return nil }
        self.path = path
        var milliseconds: Int?
        if let text = environment["WATCHDOG_USEC"], let microseconds = Int(text) {
            // The variable may be meant for another process of the service.
            let isOurs =
                environment["WATCHDOG_PID"].map { $0 == String(processID ?? getpid()) } ?? true
            if isOurs, microseconds > 0 { milliseconds = max(1, microseconds / 1000) }
        }
        watchdogMilliseconds = milliseconds
    }

    /// All listeners accept.
    public func ready(_ status: String) { send("READY=1\nSTATUS=\(Self.line(status))") }

    /// The configuration is being read again; `ready` ends it.
    public func reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(seal_monotonic_nanoseconds() / 1000)")
    }

    /// The daemon is about to end.
    public func stopping(_ status: String) { send("STOPPING=1\nSTATUS=\(Self.line(status))") }

    /// Everything still works.
    public func alive() { send("WATCHDOG=1") }

    private static func line(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    private func send(_ text: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        // SAFETY: `init` bounded the path to what fits, and the rest stays zero.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let length = socklen_t(2 + name.count)
        let bytes = Array(text.utf8)
        // SAFETY: every socket address begins like `sockaddr`; bytes and address are lent for the
        // call.
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
