// SPDX-License-Identifier: Apache-2.0
// Where unsafe code may be and what must stand above it; and what pure rooms may not ask for.

enum SafetyRules {
    /// Rooms that may hold unsafe code: the buffers, and the doors to C and to the kernel.
    static let unsafeRooms: Set<String> = ["SealBytes", "SealNet", "SealPKI", "SealStore"]

    /// Anything that smells of it; not even a type of this kind is named in other rooms.
    nonisolated(unsafe) private static let unsafe =
        #/
        \b (?: Unsafe\w* | unsafe[A-Z]\w* | withUnsafe\w* | Unmanaged | OpaquePointer ) \b
        | @unchecked\b | nonisolated\(unsafe\)
        /#.wordBoundaryKind(.simple)

    /// What needs a reason in the rooms that may: a use, or a promise to the compiler.
    ///
    /// Handing on a pointer is not a use; whoever looks behind it gives the reason.
    nonisolated(unsafe) private static let use =
        #/
        \b (?: withUnsafe\w* | _?unsafe[A-Z]\w* | Unmanaged | Unsafe\w*Pointer (?:<[^>]*>)? \( )
        | @unchecked\b | nonisolated\(unsafe\)
        /#.wordBoundaryKind(.simple)

    private static let words = ["nsafe", "@unchecked", "Unmanaged", "OpaquePointer"]

    static func check(_ file: SourceFile) -> [Finding] {
        guard let room = file.room else { return [] }
        var findings = purity(file, room) + locks(file)
        guard unsafeRooms.contains(room) else {
            return findings
                + file.findings(
                    unsafe,
                    in: words,
                    "unsafe code belongs to \(unsafeRooms.sorted().joined(separator: ", "))"
                )
        }
        let bodies = Declarations.all(in: file).map(\.lines)
        for (index, line) in file.code.enumerated() where mayHold(line) && line.contains(use) {
            let body = bodies.first { $0.contains(index) }
            if !hasReason(file, from: body?.lowerBound ?? index, to: body?.upperBound ?? index) {
                findings.append(
                    Finding(
                        path: file.path,
                        line: index + 1,
                        advice: "unsafe without a \"// SAFETY:\" line above that says why it holds"
                    )
                )
            }
        }
        return findings
    }

    /// A quick look before the slow one.
    private static func mayHold(_ line: String) -> Bool {
        words.contains(where: line.contains)
    }

    /// Whether a SAFETY line stands among these lines or in the comments directly above them.
    private static func hasReason(_ file: SourceFile, from first: Int, to last: Int) -> Bool {
        var start = first
        while start > 0 {
            let above = file.lines[start - 1].drop { $0 == " " }
            guard above.hasPrefix("//") || above.hasPrefix("@") else { break }
            start -= 1
        }
        return file.lines[start...last].contains { $0.contains("SAFETY:") }
    }

    nonisolated(unsafe) private static let clocksAndDice =
        #/
        \b(?:Date\(|DispatchTime|ContinuousClock|SuspendingClock|clock_gettime|gettimeofday
        |Task\.sleep|SystemRandomNumberGenerator|arc4random|getrandom|shuffled\(\)
        |randomElement\(\)|getenv|FileHandle|FileManager)
        /#

    /// One lock for all rooms, which ThreadSanitizer understands.
    private static func locks(_ file: SourceFile) -> [Finding] {
        guard file.path != "Sources/SealBytes/Locked.swift" else { return [] }
        return file.findings(/\bMutex\b/, in: ["Mutex"], "use Locked of SealBytes for a lock")
    }

    private static func purity(_ file: SourceFile, _ room: String) -> [Finding] {
        guard LayeringRule.pureRooms.contains(room) else { return [] }
        return file.findings(
            clocksAndDice,
            in: ["lock", "Date", "Task", "and", "shuf", "getenv", "File", "Time", "time"],
            "\(room) is pure: clock, dice, disk and network are arguments"
        )
            + file.findings(
                /\.random\(in: [^,)]*\)/,
                in: [".random"],
                "\(room) is pure: take a random number generator"
            )
    }
}
