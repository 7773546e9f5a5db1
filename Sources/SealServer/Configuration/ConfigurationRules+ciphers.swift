// SPDX-License-Identifier: Apache-2.0
// Lists of cipher suites that hold names nobody could ever be given.

internal import SealNet

extension ConfigurationRules {
    mutating func judgeCiphers(_ listener: ListenerSettings, _ index: Int) {
        if !listener.ciphers.isEmpty {
            for fault in TLSSuiteCheck.faults(inCiphers: listener.ciphers) {
                add(fault, index, "ciphers")
            }
            if listener.tlsMinimum == .tls13 {
                warnings.append(
                    fault(
                        .cipherNeverChosen,
                        index,
                        "ciphers",
                        "speaks TLS 1.3 only, so ciphers has no use",
                        hint: "use ciphersuites, or set tls-minimum = \"1.2\""
                    )
                )
            }
        }
        if !listener.ciphersuites.isEmpty {
            for fault in TLSSuiteCheck.faults(inSuites: listener.ciphersuites) {
                add(fault, index, "ciphersuites")
            }
        }
    }

    private mutating func add(_ fault: TLSSuiteCheck.Fault, _ index: Int, _ key: String) {
        let message: String
        var hint = ""
        switch fault {
        case .unknown(let word): message = "has \(word) in \(key), which no suite is called"
        case .never(let word):
            message = "has \(word) in \(key), of which nothing can ever be chosen"
        case .level(let word):
            message = "has \(word) in \(key), and the level of security is not set there"
            hint = "remove it: the level is 2"
        case .nothing: message = "has \(key) that leave no suite"
        }
        faults.append(self.fault(.cipherNeverChosen, index, key, message, hint: hint))
    }
}
