// SPDX-License-Identifier: Apache-2.0
// What the requests under way hold in memory: what arrived of them, not what was announced. Files
// have a purse of their own, so that they cost nobody else a request.

internal import SealNet

/// Bytes that a request holds, and for whom they are counted.
struct HTTPHolding: Sendable {
    var bytes = 0
    var source: PeerAddress
    var isBulk = false
}

/// The bytes of all requests of a server.
struct HTTPMemory {
    let bytesMax: Int
    let perSourceMax: Int
    let bulkBytesMax: Int
    private(set) var bytes = 0
    private(set) var bulkBytes = 0
    private var bySource: [PeerAddress: Int] = [:]

    init(_ settings: HTTPServerSettings) {
        bytesMax = settings.bodyBytesTotalMax
        perSourceMax = settings.bodyBytesPerSourceMax
        bulkBytesMax = settings.bulkBytesTotalMax
    }

    /// The sources that hold something, for the test that none is left behind.
    var sourceCount: Int { bySource.count }

    /// Counts that a request holds so much now; false when that is more than it may.
    mutating func set(_ holding: inout HTTPHolding, bytes wanted: Int) -> Bool {
        let more = wanted - holding.bytes
        holding.bytes = wanted
        if holding.isBulk {
            bulkBytes += more
            return more <= 0 || bulkBytes <= bulkBytesMax
        }
        bytes += more
        let mine = (bySource[holding.source] ?? 0) + more
        bySource[holding.source] = mine > 0 ? mine : nil
        return more <= 0 || (bytes <= bytesMax && mine <= perSourceMax)
    }

    /// A request holds nothing any more.
    mutating func giveBack(_ holding: HTTPHolding) {
        var holding = holding
        _ = set(&holding, bytes: 0)
    }
}
