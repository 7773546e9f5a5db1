// SPDX-License-Identifier: Apache-2.0
// The configuration that `sealwired dev` and `sealwired init` write.

/// A first configuration, with everything in one folder.
struct StarterConfiguration {
    /// The first line of the file.
    var heading: String
    /// The addresses to bind.
    var bind = ["localhost"]
    /// The port for MQTT; 0 takes a free one.
    var port = 8883
    /// The port for the API; 0 takes a free one.
    var apiPort = 8443
    /// A listener without encryption on loopback.
    var hasPlain = false
    /// Connections at a time; nil leaves the default.
    var connections: Int?
    /// The port for metrics; nil leaves the default.
    var metricsPort: Int?

    /// The file.
    var text: String {
        // A port the system chooses would be another one for each address.
        let isChosen = port == 0 || apiPort == 0
        let places = isChosen ? bind.map { $0 == "localhost" ? "127.0.0.1" : $0 } : bind
        let quoted = places.map { "\"\($0)\"" }.joined(separator: ", ")
        var text = """
            # \(heading)

            # Messages. Clients are looked up in the registry: certificates, accounts, tokens.
            [[listener]]
            name = "mqtts"
            bind = [\(quoted)]
            port = \(port)
            certificate = "server.crt"
            key = "server.key"
            login = "registry"
            client-certificates = "ask"

            # The REST API over HTTPS.
            [[listener]]
            name = "api"
            service = "api"
            bind = [\(quoted)]
            port = \(apiPort)
            certificate = "server.crt"
            key = "server.key"
            client-certificates = "ask"

            [registry]
            folder = "registry"

            """
        if hasPlain {
            text += """

                # Asked for with --plain; everybody on this machine may use it.
                [[listener]]
                name = "plain"
                bind = [\(quoted)]
                port = \(port == 0 ? 0 : 1883)
                tls = false
                anonymous = true

                """
        }
        if let connections { text += "\n[limits]\nconnections = \(connections)\n" }
        if let metricsPort { text += "\n[metrics]\nport = \(metricsPort)\n" }
        return text
    }
}
