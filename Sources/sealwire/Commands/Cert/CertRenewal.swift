// SPDX-License-Identifier: Apache-2.0
// `sealwire cert needs-renewal`: an exit code for scripts and timers.

import Glibc
import SealPKI

enum CertRenewal {
    struct Options: Sendable {
        /// A part of the validity, in percent.
        var percent: Int?
        var days: Int?
        var time = Int64(Glibc.time(nil))
        var isVerbose = false
    }

    /// The exit codes that scripts know from other tools.
    private enum Exit {
        static let yes: Int32 = 0
        static let no: Int32 = 1
        static let absent: Int32 = 2
        static let failed: Int32 = 255
    }

    static let verb = Verb<Options>(
        name: "cert needs-renewal",
        summary: "says by its exit code whether a certificate is due",
        usage: "[OPTIONS] FILE",
        text: """
            Looks at the first certificate of FILE: it is due when less than a third of its validity
            is left, or as much as --expires-in says, or when it has expired.
            """,
        defaults: Options(),
        flags: FlagTable([
            .value("--expires-in", is: "DAYS|PERCENT%", "due when so much or less is left (33%)") {
                (options, value, name) throws(UsageError) in
                if value.hasSuffix("%") {
                    options.percent = try Numbers.whole(
                        String(value.dropLast()),
                        of: name,
                        in: 0...100
                    )
                } else {
                    options.days = try Numbers.whole(value, of: name, in: 0...36_525)
                }
            },
            .on("-v", "--verbose", help: "says why on standard error") { $0.isVerbose = true },
        ]),
        words: .one("FILE"),
        examples: ["sealwire cert needs-renewal device.crt && renew-it"],
        exitCodes: [
            ("0", "it is due"), ("1", "it is not due"), ("2", "there is no such file"),
            ("255", "any other error"), ("64", "a command line that cannot be obeyed"),
        ],
        run: run
    )

    @MainActor
    private static func run(_ options: Options, _ words: [String]) async throws -> Int32 {
        let path = words[0]
        if path != "-", access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR {
            Terminal.error("\(path) does not exist")
            return Exit.absent
        }
        let fields: CertificateFields
        do {
            guard let first = try CertSource.certificates(path).first else { return Exit.failed }
            fields = try first.fields()
        } catch {
            Terminal.error(TextTable.printable("\((error as? PKIError)?.reason ?? "\(error)")"))
            return Exit.failed
        }
        let left = fields.notAfter - options.time
        let (whole, isOver) = fields.notAfter.subtractingReportingOverflow(fields.notBefore)
        let bound: Int64 =
            if let days = options.days {
                Int64(days) * 86_400
            } else {
                isOver ? 0 : whole / 100 * Int64(options.percent ?? 33)
            }
        let isDue = left <= bound
        if options.isVerbose {
            Terminal.note(
                "\(path): valid until \(Moment.text(fields.notAfter)), \(left / 86_400) days left; "
                    + (isDue ? "due" : "not due")
            )
        }
        return isDue ? Exit.yes : Exit.no
    }
}
