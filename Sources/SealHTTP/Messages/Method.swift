// SPDX-License-Identifier: Apache-2.0
// The word at the start of a request, and the field that may stand for it.

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
    /// PATCH.
    public static let patch: Method = "PATCH"
    /// DELETE.
    public static let delete: Method = "DELETE"
    /// OPTIONS.
    public static let options: Method = "OPTIONS"

    /// The method as sent.
    public var description: String { name }
}

extension RequestHead {
    /// The field that names another method, for networks that let only GET and POST through.
    public static let tunnelField = "X-HTTP-METHOD"

    /// The method that is meant: that of `X-HTTP-METHOD` if a POST carries one, else the one sent.
    ///
    /// Nothing but POST can carry another, so that a link cannot change anything.
    public func tunnelledMethod() throws(ContentError) -> Method {
        let names = fields.values(of: Self.tunnelField)
        guard method == .post, let name = names.first else { return method }
        let known: [Method] = [.get, .post, .put, .patch, .delete]
        guard names.count == 1, let meant = known.first(where: { Fields.isSame($0.name, name) })
        else {
            throw ContentError(
                .malformedField,
                "\(Self.tunnelField) is not one of GET, POST, PUT, PATCH and DELETE."
            )
        }
        return meant
    }
}
