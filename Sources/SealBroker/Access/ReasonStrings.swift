// SPDX-License-Identifier: Apache-2.0
// To whom the sentences of MQTT 5.0 go. The sentences themselves are in ReasonCatalogue.swift.

/// Which clients of MQTT 5.0 are sent reason strings (MQTT 5.0 §3.1.2.11.7).
public enum ReasonStrings: String, Sendable, CaseIterable {
    /// Those whose CONNECT asks for problem information in so many words.
    case asked
    /// All but those whose CONNECT declines problem information.
    case always
    /// Nobody.
    case never

    /// Whether a client that said this in CONNECT, if anything, gets them.
    ///
    /// The standard lets a server send them to who said nothing. But there are clients that compare
    /// the bytes of an answer with the shortest one, so to be asked is the default.
    func go(to request: Bool?) -> Bool {
        switch self {
        case .asked: request == true
        case .always: request != false
        case .never: false
        }
    }
}
