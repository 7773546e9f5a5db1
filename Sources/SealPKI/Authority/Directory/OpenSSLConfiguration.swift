// SPDX-License-Identifier: Apache-2.0
// OpenSSL's configuration files as values: sections, entries, and what variables expand to. What
// the entries mean to an authority is in AuthoritySettings.

/// A configuration file in OpenSSL's form.
///
/// Variables are replaced while the file is read, by what stands above them; so there are no
/// circles, and each bound below is about what the file can grow to.
public struct OpenSSLConfiguration: Sendable {
    /// An entry of a section.
    public struct Entry: Equatable, Sendable {
        /// Its name.
        public let name: String
        /// Its value after quotes, escapes and variables.
        public let value: String
    }

    /// A file larger than this is not read.
    public static let bytesMax = 1 << 20
    /// A value is at most this long after its variables are replaced.
    public static let valueBytesMax = 65_536
    /// All values together are at most this long.
    public static let allValuesBytesMax = 4 << 20
    /// A file has at most so many entries.
    public static let entriesMax = 10_000

    /// The sections in the order of their first line.
    public private(set) var sectionNames: [String] = ["default"]
    private var sections: [String: [Entry]] = ["default": []]
    private var valueBytes = 0
    private var entryCount = 0

    /// Reads a file; `environment` answers `$ENV::NAME`.
    public init(
        parsing bytes: [UInt8],
        environment: (String) -> String? = { _ in nil }
    ) throws(PKIError) {
        guard bytes.count <= Self.bytesMax else {
            throw PKIError(.configuration, "the file is larger than \(Self.bytesMax) bytes")
        }
        var section = "default"
        var lines = ConfigurationLines(bytes)
        while let line = try lines.next() {
            do throws(PKIError) {
                try take(line.bytes, &section, environment)
            } catch {
                throw PKIError(error.code, "line \(line.number): \(error.reason)")
            }
        }
    }

    /// The entries of a section in their order; of entries with one name the last counts.
    public func entries(_ section: String) -> [Entry]? { sections[section] }

    /// The value of an entry; the section `default` stands in for every other one.
    public func value(_ section: String, _ name: String) -> String? {
        own(section, name) ?? own("default", name)
    }

    private func own(_ section: String, _ name: String) -> String? {
        sections[section]?.last { $0.name == name }?.value
    }

    private mutating func take(
        _ line: ArraySlice<UInt8>,
        _ section: inout String,
        _ environment: (String) -> String?
    ) throws(PKIError) {
        var scanner = ConfigurationScanner(line)
        scanner.dropComment()
        scanner.skipBlanks()
        guard let first = scanner.next else { return }
        if first == UInt8(ascii: "[") {
            let name = try scanner.sectionName()
            section = try expanded(name, in: nil, environment)
            if sections[section] == nil {
                sections[section] = []
                sectionNames.append(section)
            }
            return
        }
        let (place, name) = try scanner.entryName()
        if name.hasPrefix(".include") || name.hasPrefix(".pragma") {
            throw PKIError(
                .configuration,
                "\(name) is not supported: put what it brings into this file"
            )
        }
        let target = place ?? section
        let value = try expanded(try scanner.value(), in: target, environment)
        try put(Entry(name: name, value: value), into: target)
    }

    private mutating func put(_ entry: Entry, into section: String) throws(PKIError) {
        entryCount += 1
        valueBytes += entry.value.utf8.count
        guard entryCount <= Self.entriesMax else {
            throw PKIError(.configuration, "there are more than \(Self.entriesMax) entries")
        }
        guard valueBytes <= Self.allValuesBytesMax else {
            throw PKIError(
                .configuration,
                "the values grow to more than \(Self.allValuesBytesMax) bytes"
            )
        }
        if sections[section] == nil { sectionNames.append(section) }
        sections[section, default: []].removeAll { $0.name == entry.name }
        sections[section, default: []].append(entry)
    }

    /// A raw text with its quotes and escapes taken away and its variables replaced.
    private func expanded(
        _ raw: ArraySlice<UInt8>,
        in section: String?,
        _ environment: (String) -> String?
    ) throws(PKIError) -> String {
        var scanner = ConfigurationScanner(raw)
        var out: [UInt8] = []
        while let byte = scanner.next {
            if ConfigurationScanner.isQuote(byte) {
                scanner.takeQuoted(into: &out)
            } else if byte == UInt8(ascii: "\\") {
                scanner.takeEscaped(into: &out)
            } else if byte == UInt8(ascii: "$") {
                let (place, name) = try scanner.variable()
                let value = self.variable(name, in: place ?? section, environment)
                guard let value else {
                    let shown = place.map { "\($0)::\(name)" } ?? name
                    throw PKIError(.configuration, "the variable $\(shown) has no value here")
                }
                out.append(contentsOf: value.utf8)
            } else {
                out.append(byte)
                scanner.advance()
            }
            guard out.count <= Self.valueBytesMax else {
                throw PKIError(
                    .configuration,
                    "the value grows to more than \(Self.valueBytesMax) bytes"
                )
            }
        }
        guard let text = String(validating: out, as: UTF8.self) else {
            throw PKIError(.configuration, "the value is not UTF-8")
        }
        return text
    }

    private func variable(
        _ name: String,
        in section: String?,
        _ environment: (String) -> String?
    ) -> String? {
        if let section {
            if let value = own(section, name) { return value }
            if section == "ENV", let value = environment(name) { return value }
        }
        return own("default", name)
    }
}

extension OpenSSLConfiguration {
    /// The sections as text in which every special character is escaped, for OpenSSL to read.
    var plainText: [UInt8] {
        var out: [UInt8] = []
        for section in sectionNames {
            out.append(contentsOf: "[ \(section) ]\n".utf8)
            for entry in sections[section] ?? [] {
                out.append(contentsOf: "\(entry.name) = ".utf8)
                for byte in entry.value.utf8 { Self.escape(byte, into: &out) }
                out.append(0x0A)
            }
        }
        return out
    }

    private static func escape(_ byte: UInt8, into out: inout [UInt8]) {
        let backslash = UInt8(ascii: "\\")
        switch byte {
        case 0x0A: out += [backslash, UInt8(ascii: "n")]
        case 0x0D: out += [backslash, UInt8(ascii: "r")]
        case 0x09: out += [backslash, UInt8(ascii: "t")]
        // In quotes, because blanks at the end would be cut off with their backslash left.
        case 0x20: out += [0x22, byte, 0x22]
        case 0x22, 0x23, 0x24, 0x27, 0x5C, 0x60: out += [backslash, byte]
        default: out.append(byte)
        }
    }
}
