// SPDX-License-Identifier: Apache-2.0
// A message out and back over mutual TLS, so that "it works" is known and not hoped.

internal import SealBytes
internal import SealMQTT
internal import SealNet

enum DemoProof {
    /// Publishes to itself with one of the folder's devices; the sentence says what did not work.
    static func run(
        _ folder: StarterFolder,
        _ device: String,
        host: String,
        port: UInt16,
        seconds: Int = 10
    ) throws(ProbeError) {
        var settings = TLSClientSettings()
        settings.trustFiles = [folder.authorityFile]
        settings.identity = .files(
            TLSIdentityFiles(
                chainFile: folder.deviceFile(device),
                keyFile: folder.deviceKeyFile(device)
            )
        )
        let context: TLSClientContext
        do throws(TLSError) {
            context = try TLSClientContext.load(settings)
        } catch {
            throw ProbeError(error.description)
        }
        let connection = try ProbeConnection(
            host: host,
            port: port,
            tls: context,
            seconds: seconds
        )
        try converse(connection, device)
    }

    private static func converse(
        _ connection: ProbeConnection,
        _ device: String
    ) throws(ProbeError) {
        let topic = Array("demo/proof".utf8)
        var writer = ByteWriter()
        Encode.connect(
            Connect(version: .v311, clientID: Array(device.utf8)),
            into: &writer
        )
        try connection.send(writer.copied())
        let connack = try receive(4, connection)
        // MQTT 3.1.1 §3.2: the type, two bytes, and 0 for "accepted".
        guard connack[0] == 0x20, connack[3] == 0 else {
            throw ProbeError("the broker refused the demo device with code \(connack[3])")
        }
        writer.removeAll()
        Encode.subscribe(
            Subscribe(packetID: 1, filters: [SubscriptionRequest(filter: topic, qos: 0)]),
            version: .v311,
            into: &writer
        )
        try connection.send(writer.copied())
        let suback = try receive(5, connection)
        guard suback[0] == 0x90, suback[4] == 0 else {
            throw ProbeError("the broker refused the subscription")
        }
        writer.removeAll()
        let none: [UInt8] = []
        Encode.publish(
            version: .v311,
            qos: 0,
            topic: topic.span.bytes,
            properties: none.span.bytes,
            payload: Array("it works".utf8).span.bytes,
            into: &writer
        )
        let message = writer.copied()
        try connection.send(message)
        guard try receive(message.count, connection) == message else {
            throw ProbeError("another message came back than was sent")
        }
        try connection.send([0xE0, 0x00])
    }

    private static func receive(
        _ count: Int,
        _ connection: ProbeConnection
    ) throws(ProbeError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += try connection.receive() }
        return bytes
    }
}
