// SPDX-License-Identifier: Apache-2.0
// That the stage is there for the tests beside this file.

import Testing

@testable import Stage

@Suite("Skeleton") struct SkeletonTests {
    @Test("a story can be told") func story() {
        let story = Story(.onePartition)
        _ = story.join("pub")
    }
}
