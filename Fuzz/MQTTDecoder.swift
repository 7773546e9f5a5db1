// SPDX-License-Identifier: Apache-2.0
// Fuzz target: packets never trap, and what is read comes out the same when written and read again.
// modules: SealBytes SealMQTT

import SealBytes
import SealMQTT

/// Called by libFuzzer with each input.
///
/// The first byte chooses version (bits 0 and 1) and direction (bit 2); packets follow.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let version: ProtocolVersion = choice & 3 == 0 ? .v311 : choice & 3 == 1 ? .v31 : .v5
    let direction: Direction = choice & 4 == 0 ? .fromClient : .fromServer
    let rest = Array(input.dropFirst())
    readStream(rest, version, direction)
    readText(rest)
    return 0
}

private func readStream(_ input: [UInt8], _ version: ProtocolVersion, _ direction: Direction) {
    let bytes = input.span.bytes
    var offset = 0
    while offset < bytes.byteCount {
        let left = bytes.extracting(offset..<bytes.byteCount)
        guard
            let frame = try? Framing.next(
                left,
                packetBytesMax: 1 << 20,
                version: version,
                direction: direction
            ),
            frame.totalCount <= left.byteCount
        else { return }
        if let once = rewritten(left, version, direction) {
            let again = rewritten(once.span.bytes, version, direction)
            precondition(again == once, "a packet changed when it was written and read again")
        }
        offset += frame.totalCount
    }
}

/// The first packet of `bytes`, read and written; `nil` when it is refused.
private func rewritten(
    _ bytes: RawSpan,
    _ version: ProtocolVersion,
    _ direction: Direction
) -> [UInt8]? {
    guard
        let frame = try? Framing.next(
            bytes,
            packetBytesMax: 1 << 20,
            version: version,
            direction: direction
        )
    else { return nil }
    precondition(frame.totalCount <= bytes.byteCount, "what was written is not whole")
    let body = bytes.extracting(frame.headerCount..<frame.totalCount)
    var writer = ByteWriter()
    do {
        switch frame.type {
        case .connect:
            Encode.connect(try Connect.decode(body, frame: frame), into: &writer)
        case .connack:
            let packet = try Connack.decode(body, version: version)
            Encode.connack(
                sessionPresent: packet.sessionPresent,
                code: packet.reason,
                version: version,
                properties: packet.properties,
                into: &writer
            )
        case .publish:
            try rewritePublish(body, frame.flags, version, direction, into: &writer)
        case .puback, .pubrec, .pubrel, .pubcomp:
            try rewriteStep(body, frame.type, version, into: &writer)
        case .subscribe:
            let packet = try Subscribe.decode(body, version: version)
            Encode.subscribe(packet, version: version, into: &writer)
        case .unsubscribe:
            let packet = try Unsubscribe.decode(body, version: version)
            Encode.unsubscribe(packet, version: version, into: &writer)
        case .suback, .unsuback:
            let packet = try Suback.decode(body, type: frame.type, version: version)
            let write = frame.type == .suback ? Encode.suback : Encode.unsuback
            let codes = packet.codes.map(\.rawValue)
            write(packet.packetID, codes, version, packet.reasonString, &writer)
        case .pingreq: Encode.pingreq(into: &writer)
        case .pingresp: Encode.pingresp(into: &writer)
        case .disconnect:
            let packet = try Disconnect.decode(body, version: version, direction: direction)
            Encode.disconnect(
                reason: packet.reason,
                version: version,
                sessionExpirySeconds: packet.sessionExpirySeconds,
                reasonString: packet.reasonString,
                serverReference: packet.serverReference,
                userProperties: packet.userProperties,
                into: &writer
            )
        case .auth: Encode.auth(try Auth.decode(body, direction: direction), into: &writer)
        }
    } catch { return nil }
    return writer.copied()
}

private func rewriteStep(
    _ body: RawSpan,
    _ type: PacketType,
    _ version: ProtocolVersion,
    into writer: inout ByteWriter
) throws(MQTTError) {
    let packet = try Acknowledgement.decode(body, type: type, version: version)
    Encode.acknowledgement(
        type,
        packetID: packet.packetID,
        reason: packet.reason,
        version: version,
        reasonString: packet.reasonString,
        into: &writer
    )
}

private func rewritePublish(
    _ body: RawSpan,
    _ flags: UInt8,
    _ version: ProtocolVersion,
    _ direction: Direction,
    into writer: inout ByteWriter
) throws(MQTTError) {
    let view = try PublishView.decode(body, flags: flags, version: version, direction: direction)
    let details = try PublishDetails(view.propertyBytes, direction: direction)
    precondition(details.topicAlias == view.properties.topicAlias, "two readings differ")
    var forwarded = ByteWriter()
    PublishProperties.writeForwarded(view.propertyBytes, into: &forwarded)
    precondition(
        view.properties.forwardsUnchanged == forwarded.bytes.equals(view.propertyBytes),
        "what goes on unchanged was changed"
    )
    let alias = view.properties.topicAlias
    Encode.publish(
        version: version,
        qos: view.qos,
        isDuplicate: view.isDuplicate,
        isRetained: view.isRetained,
        topic: view.topic,
        packetID: view.packetID,
        properties: forwarded.bytes,
        expirySeconds: view.properties.messageExpirySeconds,
        topicAlias: alias == 0 ? nil : alias,
        subscriptionIdentifiers: details.subscriptionIdentifiers,
        payload: view.payload,
        into: &writer
    )
}

/// Texts: UTF-8 against the standard library, filters against themselves, hex and base64.
private func readText(_ input: [UInt8]) {
    let isText = String(validating: input, as: UTF8.self) != nil
    precondition(input.span.bytes.isUTF8 == isText, "UTF-8 differs from the standard library")
    precondition(
        input.span.bytes.isUTF8WithoutNull == (isText && !input.contains(0)),
        "U+0000 was missed"
    )
    precondition(Hex.decode(Hex.encode(input)) == input, "hex is not its own inverse")
    for alphabet in [Base64.Alphabet.standard, .urlSafe] {
        let text = Base64.encode(input, alphabet)
        precondition(Base64.decode(text, alphabet) == input, "base64 is not its own inverse")
        let given = String(decoding: input, as: UTF8.self)
        if let bytes = Base64.decode(given, alphabet) {
            precondition(Base64.encode(bytes, alphabet) == given, "two texts for the same bytes")
        }
    }
    let half = input.count / 2
    guard let filter = try? TopicFilter(parsing: Array(input[..<half])) else { return }
    precondition(
        (try? TopicFilter(parsing: filter.subscriptionBytes)) == filter,
        "a filter changed"
    )
    let topic = Array(input[half...])
    guard (try? TopicName.check(topic.span.bytes)) != nil else { return }
    let isMatch = filter.matches(topic.span.bytes)
    if !filter.hasWildcard { precondition(isMatch == (filter.bytes == topic), "plain filter") }
}
