// SPDX-License-Identifier: Apache-2.0
// Fuzz target: forms, media types, queries and credentials must never trap; the parts of a form
// lie in its body, in order and apart, and what is written is read back the same.
// modules: SealBytes SealHTTP

import SealHTTP

/// Called by libFuzzer with each input: a first line is taken for field values and queries, the
/// rest for a form with the boundary `b`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let end = input.firstIndex(of: 0x0A) ?? input.endIndex
    let line = String(decoding: input[..<end], as: UTF8.self)
    if let type = MediaType(line) {
        precondition(MediaType(type.description) == type, "a media type changed")
    }
    if let credentials = HTTPAuthorization.parse(line) {
        precondition(!"\(credentials)".contains(" "))
        if case .other = credentials {
        } else {
            precondition(HTTPAuthorization.parse(credentials.field) == credentials)
        }
    }
    _ = Acceptance(["Accept": line]).choose([.json, .csv])
    if let fields = try? FormFields(query: line) {
        precondition(fields.all.count <= FormFields.pairsMax)
        let text = fields.all.map {
            PercentCoding.encoded($0.name) + "=" + PercentCoding.encoded($0.value)
        }
        let again = try? FormFields(query: text.joined(separator: "&"))
        precondition(fields.all.contains { $0.name.isEmpty } || again == fields)
    }
    guard let type = MediaType("multipart/form-data; boundary=b") else { return 0 }
    let body = Array(input[min(end + 1, input.endIndex)...])
    if let form = try? MultipartForm(body, type: type) {
        var last = 0
        for part in form.parts {
            precondition(part.range.lowerBound >= last && part.range.upperBound <= body.count)
            precondition(!part.name.isEmpty)
            last = part.range.upperBound
        }
        precondition(form.parts.count <= MultipartLimits().partsMax)
    }
    return 0
}
