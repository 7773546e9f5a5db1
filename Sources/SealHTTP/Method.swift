// SPDX-License-Identifier: Apache-2.0
// The word at the start of a request.

/// A request method; case counts (RFC 9110 §9.1).
public struct Method: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The method as sent.
    public let name: String

    /// The longest method that is read.
    public static let nameBytesMax = 24

    /// Makes a method of its name.
    public init(_ name: String) { self.name = name }
    /// Makes a method of a literal.
    public init(stringLiteral value: String) { name = value }

    /// GET.
    public static let get: Method = "GET"
    /// HEAD: GET without the body.
    public static let head: Method = "HEAD"
    /// POST.
    public static let post: Method = "POST"
    /// PUT.
    public static let put: Method = "PUT"
    /// DELETE.
    public static let delete: Method = "DELETE"

    /// The method as sent.
    public var description: String { name }
}
