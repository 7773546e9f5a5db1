// SPDX-License-Identifier: Apache-2.0
// The media types of Cumulocity's API.

internal import SealHTTP

extension MediaType {
    /// A type of Cumulocity's.
    static func cumulocity(_ name: String) -> MediaType {
        MediaType(known: "application/vnd.com.nsn.cumulocity.\(name)+json")
    }

    /// The type without parameters.
    var plain: MediaType { MediaType(known: name) }
}
