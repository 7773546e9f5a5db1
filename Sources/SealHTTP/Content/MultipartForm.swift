// SPDX-License-Identifier: Apache-2.0
// Forms with files (RFC 7578): where each part lies in a body. Nothing of the body is copied but
// the few bytes of the parts' heads.

/// The most that a form may have.
public struct MultipartLimits: Sendable {
    /// Parts.
    public var partsMax = 32
    /// The head of one part, line ends included.
    public var headBytesMax = 4_096
    /// The fields of one part's head.
    public var fieldCountMax = 16
    /// The name of a field or a file.
    public var nameBytesMax = 255

    /// Makes the default limits.
    public init() {}
}

/// The parts of a form with files.
public struct MultipartForm: Sendable {
    /// One part.
    public struct Part: Sendable {
        /// The name of the form's field.
        public var name: String
        /// The name of the file, if it is one; a label, never a path to be opened.
        public var fileName: String?
        /// The type of the content; nil when the part names none.
        public var type: MediaType?
        /// Where the content lies in the body.
        public var range: Range<Int>
    }

    /// All parts in order.
    public private(set) var parts: [Part] = []

    /// The longest boundary (RFC 2046 §5.1.1).
    public static let boundaryBytesMax = 70

    /// The first part of a name.
    public subscript(name: String) -> Part? { parts.first { $0.name == name } }

    /// Finds the parts of a body whose type is `multipart/form-data`.
    public init(
        _ body: [UInt8],
        type: MediaType,
        limits: MultipartLimits = MultipartLimits()
    ) throws(ContentError) {
        // RFC 2046 §5.1.1: bchars, the last of them no space.
        guard type.name == MediaType.multipartForm.name, let boundary = type["boundary"],
            (1...Self.boundaryBytesMax).contains(boundary.utf8.count),
            boundary.utf8.allSatisfy(Self.isBoundary), boundary.utf8.last != Grammar.space
        else {
            throw ContentError(
                .malformedMediaType,
                "Content-Type is not multipart/form-data with a boundary."
            )
        }
        var reader = MultipartReader(body, boundary: Array(boundary.utf8), limits: limits)
        parts = try reader.parts()
    }

    private static func isBoundary(_ byte: UInt8) -> Bool {
        Grammar.isDigit(byte) || Grammar.isLetter(byte) || "'()+_,-./:=? ".utf8.contains(byte)
    }
}
