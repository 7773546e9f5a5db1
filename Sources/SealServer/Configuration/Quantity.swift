// SPDX-License-Identifier: Apache-2.0
// Numbers with units, as people write them: "30s", "5m", "2MiB". Not here: their limits.

/// Reads and writes numbers with a unit.
public enum Quantity {
    private static let secondUnits: [(String, Int)] = [
        ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
    ]
    private static let byteUnits: [(String, Int)] = [
        ("GiB", 1_073_741_824), ("MiB", 1_048_576), ("KiB", 1024),
        ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("B", 1),
    ]

    /// Seconds from "90s", "5m", "1h", "7d", "2w" or plain digits; nil for anything else.
    public static func seconds(_ text: String) -> Int? { read(text, secondUnits) }

    /// Bytes from "2MiB", "64KiB", "1GB" or plain digits; nil for anything else.
    public static func bytes(_ text: String) -> Int? { read(text, byteUnits) }

    /// Seconds in the largest unit that fits without a rest.
    public static func text(seconds: Int) -> String { write(seconds, secondUnits) }

    /// Bytes in the largest binary unit that fits without a rest.
    public static func text(bytes: Int) -> String {
        write(bytes, byteUnits.filter { $0.0.hasSuffix("iB") || $0.0 == "B" })
    }

    private static func read(_ text: String, _ units: [(String, Int)]) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.utf8.count <= 18, let number = Int(digits) else { return nil }
        let unit = text.dropFirst(digits.count)
        guard !unit.isEmpty else { return number }
        guard let factor = units.first(where: { $0.0 == unit })?.1 else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    private static func write(_ number: Int, _ units: [(String, Int)]) -> String {
        for (unit, factor) in units where number >= factor && number % factor == 0 {
            return "\(number / factor)\(unit)"
        }
        return "\(number)\(units.last?.0 ?? "")"
    }
}
