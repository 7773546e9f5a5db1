// SPDX-License-Identifier: Apache-2.0
// OpenSSL's own client and server as the other side, over loopback sockets.

import Foundation
import Glibc
import SealPKI
import Testing

@testable import SealNet

@Suite("OpenSSL's tools", .serialized)
struct OpenSSLPeerTests {
    /// A listening socket on a free loopback port.
    private func listen() throws -> (fd: Int32, port: UInt16) {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> UInt16 in
                guard bind(fd, generic, length) == 0, Glibc.listen(fd, 4) == 0,
                    getsockname(fd, generic, &length) == 0
                else { return 0 }
                return 1
            }
        }
        try #require(port == 1)
        return (fd, UInt16(bigEndian: address.sin_port))
    }

    private func limitWaiting(_ fd: Int32) {
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    private func send(_ buffers: TLSBuffers, _ fd: Int32) {
        let bytes = Array(buffers.output)
        buffers.clearOutput()
        if !bytes.isEmpty { _ = Glibc.send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    }

    private func receive(_ fd: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 32_768)
        let count = recv(fd, &bytes, bytes.count, 0)
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    /// Runs the handshake over a socket.
    private func shakeHands(
        _ stream: TLSStream,
        _ buffers: TLSBuffers,
        _ fd: Int32,
        begins: Bool
    ) throws -> TLSPeer? {
        var input: [UInt8] = begins ? [] : try #require(receive(fd))
        while true {
            let step = input.withUnsafeBytes { stream.handshake($0, using: buffers) }
            send(buffers, fd)
            switch step {
            case .done(let peer): return peer
            case .refused(let refusal):
                Issue.record("\(refusal)")
                return nil
            case .needsInput: input = try #require(receive(fd))
            }
        }
    }

    /// Reads until some plaintext came.
    private func hear(_ stream: TLSStream, _ buffers: TLSBuffers, _ fd: Int32) throws -> [UInt8] {
        var input: [UInt8] = []
        var target = [UInt8](repeating: 0, count: 20_000)
        while true {
            let result = input.withUnsafeBytes { source in
                target.withUnsafeMutableBytes { stream.read(source, into: $0, using: buffers) }
            }
            if result.count > 0 { return Array(target.prefix(result.count)) }
            guard case .drained = result.state else {
                Issue.record("\(result.state)")
                return []
            }
            input = try #require(receive(fd))
        }
    }

    private func start(_ arguments: [String], input: Pipe, output: Pipe) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    @Test("as a client get in with a certificate", arguments: ["-tls1_2", "-tls1_3"])
    func client(version: String) throws {
        let town = try Town()
        let folder = try Folder()
        let device = try folder.write("device", town.identity(.device, "tool", key: .rsa2048))
        let trust = try folder.write("ca.pem", town.authority.certificate.pem)
        let context = try serverContext(
            [try town.identity(.server, "broker")],
            trust: town.trust
        ) { $0.clientCertificates = .require }
        let (listener, port) = try listen()
        defer { close(listener) }
        let (input, output) = (Pipe(), Pipe())
        let process = try start(
            [
                "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", trust, "-cert",
                device.chainFile, "-key", device.keyFile, "-quiet", "-verify_return_error",
                "-verify_hostname", "localhost", "-servername", "localhost", version,
            ],
            input: input,
            output: output
        )
        defer { process.terminate() }
        limitWaiting(listener)
        let fd = accept(listener, nil, nil)
        try #require(fd >= 0)
        defer { close(fd) }
        limitWaiting(fd)
        let stream = try #require(context.makeStream())
        let buffers = try #require(TLSBuffers())
        let peer = try #require(try shakeHands(stream, buffers, fd, begins: false))
        #expect(try peer.certificate?.certificate.commonNames() == ["tool"])
        #expect(peer.sni == "localhost")
        input.fileHandleForWriting.write(Data("hello\n".utf8))
        #expect(try hear(stream, buffers, fd) == Array("hello\n".utf8))
        #expect(Array("welcome".utf8).withUnsafeBytes { stream.write($0, using: buffers) })
        send(buffers, fd)
        #expect(output.fileHandleForReading.readData(ofLength: 7) == Data("welcome".utf8))
    }

    /// One connection of `openssl s_client` with a certificate; what it printed, and the peer.
    private func connection(
        _ context: TLSContext,
        _ files: [String],
        _ more: [String]
    ) throws -> (text: String, peer: TLSPeer?) {
        let (listener, port) = try listen()
        defer { close(listener) }
        let (input, output) = (Pipe(), Pipe())
        let process = try start(
            ["s_client", "-connect", "127.0.0.1:\(port)"] + files + more,
            input: input,
            output: output
        )
        defer { process.terminate() }
        limitWaiting(listener)
        let fd = accept(listener, nil, nil)
        try #require(fd >= 0)
        defer { close(fd) }
        limitWaiting(fd)
        let stream = try #require(context.makeStream())
        let buffers = try #require(TLSBuffers())
        let peer = try shakeHands(stream, buffers, fd, begins: false)
        input.fileHandleForWriting.write(Data("hello\n".utf8))
        #expect(try hear(stream, buffers, fd) == Array("hello\n".utf8))
        // The end of our side makes the client print what it has and stop.
        stream.shutdown(using: buffers)
        send(buffers, fd)
        input.fileHandleForWriting.closeFile()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: text, as: UTF8.self), peer)
    }

    @Test(
        "have nothing to resume a session with, so that every connection shows its certificate",
        arguments: ["-tls1_2", "-tls1_3"],
        [true, false]
    )
    func resumption(version: String, isJudged: Bool) throws {
        let town = try Town()
        let folder = try Folder()
        let device = try folder.write("device", town.identity(.device, "tool"))
        let session = folder.path + "/session"
        let context = try serverContext(
            [try town.identity(.server, "broker")],
            trust: town.trust
        ) { settings in
            settings.clientCertificates = isJudged ? .require : .ask
            settings.judgesClients = isJudged
        }
        let files = ["-cert", device.chainFile, "-key", device.keyFile, version]
        let first = try connection(context, files, ["-sess_out", session])
        #expect(first.peer?.certificate != nil && first.text.contains("New, TLSv1."))
        // The client was given nothing to keep.
        #expect(!FileManager.default.fileExists(atPath: session))
        // One that kept a session of somebody else is a stranger all the same.
        try keepSession(in: session, device, version)
        let second = try connection(context, files, ["-sess_in", session])
        #expect(second.text.contains("New, TLSv1.") && !second.text.contains("Reused, TLSv1."))
        #expect(second.peer?.certificate?.fingerprint == first.peer?.certificate?.fingerprint)
    }

    /// Lets `openssl s_client` keep a session that `openssl s_server` gave it.
    private func keepSession(
        in file: String,
        _ identity: TLSIdentityFiles,
        _ version: String
    ) throws {
        let (probe, port) = try listen()
        close(probe)
        let server = try start(
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", identity.chainFile, "-key",
                identity.keyFile, "-quiet", version,
            ],
            input: Pipe(),
            output: Pipe()
        )
        defer { server.terminate() }
        for _ in 0..<100 where !FileManager.default.fileExists(atPath: file) {
            usleep(50_000)
            let input = Pipe()
            let client = try start(
                ["s_client", "-connect", "127.0.0.1:\(port)", "-sess_out", file, version],
                input: input,
                output: Pipe()
            )
            for _ in 0..<20 where !FileManager.default.fileExists(atPath: file) { usleep(20_000) }
            input.fileHandleForWriting.closeFile()
            client.terminate()
            client.waitUntilExit()
        }
        #expect(FileManager.default.fileExists(atPath: file))
    }

    @Test("as a server are trusted by their authority", arguments: ["-tls1_2", "-tls1_3"])
    func server(version: String) throws {
        let town = try Town()
        let folder = try Folder()
        let files = try folder.write("server", town.identity(.server, "tool"))
        let trust = try folder.write("ca.pem", town.authority.certificate.pem)
        // The tool takes no port of its choosing in a way that can be read: ask for a free one.
        let (probe, port) = try listen()
        close(probe)
        let (input, output) = (Pipe(), Pipe())
        let process = try start(
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", files.chainFile, "-key",
                files.keyFile, "-CAfile", trust, "-Verify", "1", "-verify_return_error", version,
            ],
            input: input,
            output: output
        )
        defer { process.terminate() }
        // It says ACCEPT when it listens.
        var said = Data()
        while !String(decoding: said, as: UTF8.self).contains("ACCEPT") {
            let more = output.fileHandleForReading.availableData
            try #require(!more.isEmpty, "the tool ended")
            said += more
        }
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(fd) }
        limitWaiting(fd)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isConnected)
        let context = try clientContext(
            trust: town.trust,
            identity: town.identity(.device, "device", key: .ed25519)
        )
        let stream = try #require(context.makeStream(host: "localhost"))
        let buffers = try #require(TLSBuffers())
        let peer = try #require(try shakeHands(stream, buffers, fd, begins: true))
        #expect(peer.certificate?.isVerified == true)
        #expect(peer.version == (version == "-tls1_2" ? .tls12 : .tls13))
        input.fileHandleForWriting.write(Data("greetings\n".utf8))
        #expect(try hear(stream, buffers, fd) == Array("greetings\n".utf8))
    }
}
