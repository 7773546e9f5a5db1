// SPDX-License-Identifier: Apache-2.0
// The door to measurements: settings in, result out. The calling thread does all the work.

internal import SealNet

/// A measurement that could not begin.
public struct BenchError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The stable name of the reason.
    public enum Code: String, Sendable {
        /// The settings do not go together.
        case settings = "bench.settings"
        /// The server's name has no address, or the kernel gives no sockets.
        case network = "bench.network"
        /// The certificates cannot be used.
        case tls = "bench.tls"
        /// There is no such process, or it may not be looked at.
        case process = "bench.process"
    }

    /// The stable name of the reason; equality looks at it alone.
    public let code: Code
    /// A sentence for the person who has to act.
    public let reason: String

    /// Makes an error.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The sentence.
    public var description: String { reason }

    /// Whether both have the same code.
    public static func == (left: BenchError, right: BenchError) -> Bool { left.code == right.code }
}

/// Measurements of a broker, over the network.
public enum Bench {
    /// Measures once; returns when everything is over.
    public static func measure(_ settings: BenchSettings) throws(BenchError) -> BenchResult {
        if let objection = settings.objection { throw BenchError(.settings, objection) }
        ForeignProcess.raiseDescriptorLimit()
        let run = try BenchRun(settings)
        switch settings.row {
        case .pairs, .fanin, .fanout: return run.measureTraffic()
        case .connect: return run.measureConnecting()
        case .idle: return run.measureIdling()
        }
    }
}
