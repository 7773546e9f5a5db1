// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a JSON Web Token and a JSON Web Key must never trap, no token may pass for signed
// that is not, and a key that is read must come out again when written.
// modules: SealBytes SealPKI

import SealBytes
import SealPKI

/// The public key of RFC 7515 §A.3.
private let known: JSONValue = [
    "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
]
private let verifier = try? WebKey(json: known)

/// The claims that its one token makes.
private let signedClaims = Array("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n ".utf8)

/// Called by libFuzzer with each input: as a token, as the parts of one before base64 (with a zero
/// byte between), and as a key.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    read(String(decoding: input, as: UTF8.self))
    let parts = input.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    if parts.count == 3 {
        read(parts.map { Base64.encode(Array($0), .urlSafe) }.joined(separator: "."))
    }
    readKey(input)
    return 0
}

private func read(_ text: String) {
    guard let token = try? WebToken(reading: text) else { return }
    precondition(text.utf8.count <= WebToken.bytesMax, "longer than the limit")
    guard let verifier else { preconditionFailure("the known key is not read") }
    guard token.isSigned(by: verifier) else { return }
    let body = text.split(separator: ".").dropFirst().first.flatMap { Base64.decode($0, .urlSafe) }
    precondition(body?.starts(with: signedClaims) == true, "a forged token passes")
}

private func readKey(_ input: [UInt8]) {
    guard let json = try? JSONValue(parsing: input), let key = try? WebKey(json: json) else {
        return
    }
    let again = try? WebKey(json: key.json)
    precondition(again?.id == key.id, "the key has another name")
    precondition(again?.algorithm == key.algorithm, "the key has another algorithm")
    precondition(again?.json == key.json, "the key became another one")
    precondition(key.id.utf8.count <= WebKey.idBytesMax, "a name longer than the limit")
}
