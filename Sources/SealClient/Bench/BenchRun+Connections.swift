// SPDX-License-Identifier: Apache-2.0
// The rows without messages: making connections, and keeping them.

internal import Glibc
internal import SealNet

extension BenchRun {
    /// Connections are made and ended for a time.
    func measureConnecting() -> BenchResult {
        purpose = .cycling
        peers = (0..<settings.parallelCount).map { _ in BenchPeer(role: .lone) }
        for peer in peers.indices { dial(peer) }
        turns(until: OutgoingLoop.nanoseconds + Self.nanoseconds(settings.warmupSeconds))
        begin()
        turns(until: measured.upperBound)
        finish()
        purpose = .over
        result.delivered = result.count
        result.connectionCount = Int(result.count)
        return result
    }

    /// Connections are made and kept for a time, doing nothing.
    func measureIdling() -> BenchResult {
        peers = (0..<settings.clientCount).map { _ in BenchPeer(role: .lone) }
        result.residentBefore = gauge?.residentKiB
        let before = gauge?.nanoseconds ?? 0
        _ = gather()
        // What the server needed only while they came has time to be given back.
        turns(until: OutgoingLoop.nanoseconds + Self.nanoseconds(settings.warmupSeconds))
        begin()
        turns(until: measured.upperBound)
        finish()
        result.residentAfter = gauge?.residentKiB
        if let gauge { result.serverNanoseconds = gauge.nanoseconds - before }
        result.count = UInt64(result.connectionCount)
        disconnectAll()
        return result
    }

    static func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(max(seconds, 0) * 1e9) }

    /// Lets things happen until the clock says so.
    func turns(until deadline: UInt64) {
        while OutgoingLoop.nanoseconds < deadline { loop.turn(self, until: deadline) }
    }

    /// The measured time begins.
    func begin() {
        let now = OutgoingLoop.nanoseconds
        measured = now...(now + Self.nanoseconds(settings.seconds))
        result.count = 0
        result.ownNanoseconds = ForeignProcess.cpuNanoseconds(getpid())
        result.serverNanoseconds = gauge?.nanoseconds
    }

    /// The measured time is over.
    func finish() {
        let now = OutgoingLoop.nanoseconds
        result.seconds = Double(now - measured.lowerBound) / 1e9
        measured = measured.lowerBound...now
        result.ownNanoseconds = ForeignProcess.cpuNanoseconds(getpid()) - result.ownNanoseconds
        if let gauge, let before = result.serverNanoseconds {
            result.serverNanoseconds = gauge.nanoseconds - before
        }
    }
}
