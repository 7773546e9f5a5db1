// SPDX-License-Identifier: Apache-2.0
// Lists of cipher suites in OpenSSL's notation, looked at word by word: which words name something
// that a server of this house can choose. OpenSSL passes silently over the others.

internal import COpenSSL
internal import CSys
internal import SealPKI

/// A list of cipher suites before it is used.
public enum TLSSuiteCheck {
    /// Why a word of a list is refused.
    public enum Fault: Sendable, Equatable {
        /// No suite and no group of suites has this name.
        case unknown(String)
        /// There are such suites, and none of them can ever be chosen.
        case never(String)
        /// The list sets another level of security.
        case level(String)
        /// All words together leave nothing.
        case nothing

        /// The word at fault, if it is one.
        public var word: String? {
            switch self {
            case .unknown(let word), .never(let word), .level(let word): word
            case .nothing: nil
            }
        }
    }

    /// What is chosen from without a list of one's own, for TLS 1.2.
    public static let standardCiphers = TLSBuilder.ciphers
    /// What is chosen from without a list of one's own, for TLS 1.3.
    public static let standardSuites = TLSBuilder.suites

    /// What is wrong with a list for TLS 1.2.
    public static func faults(inCiphers list: String) -> [Fault] {
        let words = words(of: list)
        var faults = words.compactMap(fault(ofCipher:))
        if faults.isEmpty, choosable(list, .tls12) ?? 0 == 0 { faults.append(.nothing) }
        return faults
    }

    /// What is wrong with a list for TLS 1.3.
    public static func faults(inSuites list: String) -> [Fault] {
        let words = words(of: list)
        var faults = words.compactMap { word -> Fault? in
            switch choosable(word, .tls13) {
            case nil: .unknown(word)
            case 0?: .never(word)
            default: nil
            }
        }
        if faults.isEmpty, words.isEmpty { faults.append(.nothing) }
        return faults
    }

    /// The words of a list for TLS 1.2 that are of use, in their order; empty when none is.
    public static func useful(ofCiphers list: String) -> String {
        words(of: list).filter { fault(ofCipher: $0) == nil }.joined(separator: ":")
    }

    /// The words of a list for TLS 1.3 that are of use, in their order; empty when none is.
    public static func useful(ofSuites list: String) -> String {
        words(of: list).filter { choosable($0, .tls13) ?? 0 > 0 }.joined(separator: ":")
    }

    /// OpenSSL takes colons, commas, semicolons and blanks between words.
    private static func words(of list: String) -> [String] {
        list.split { $0 == ":" || $0 == "," || $0 == ";" || $0 == " " }.map(String.init)
    }

    private static func fault(ofCipher word: String) -> Fault? {
        switch word.utf8.first {
        case UInt8(ascii: "!"), UInt8(ascii: "-"), UInt8(ascii: "+"):
            // What is taken away or moved need not be choosable.
            return nil
        case UInt8(ascii: "@"):
            if word == "@STRENGTH" || word == "@SECLEVEL=2" { return nil }
            return word.begins(with: "@SECLEVEL") ? .level(word) : .unknown(word)
        default: break
        }
        switch choosable(word, .tls12) {
        case nil: return .unknown(word)
        case 0?: return .never(word)
        default: return nil
        }
    }

    /// How many suites of a list a server can choose; nil when OpenSSL knows none of the names.
    private static func choosable(_ list: String, _ version: TLSVersion) -> Int? {
        OpenSSLDoor.open()
        defer { OpenSSLDoor.forgetErrors() }
        let count = seal_choosable_suites(list, version == .tls13 ? 1 : 0)
        return count < 0 ? nil : Int(count)
    }
}
