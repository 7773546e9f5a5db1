// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens (RFC 7519) in the compact form of RFC 7515, read strictly and signed. What the
// claims mean, and whether the token is in time, is for others to say.

public import SealBytes

/// Why a token cannot be used.
public struct WebTokenError: Error, Sendable, Equatable {
    /// The kinds.
    public enum Code: String, Sendable, CaseIterable {
        /// It is longer than any of ours.
        case tooLong = "token.too-long"
        /// It is not three parts of base64, or a part is not what it must be.
        case malformed = "token.malformed"
        /// It names an algorithm that is not taken.
        case algorithm = "token.algorithm"
        /// Its header asks for something that is not understood (RFC 7515 §4.1.11).
        case critical = "token.critical"
    }

    /// The kind.
    public let code: Code
    /// What is wrong, as a sentence without full stop.
    public let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Whether both have the same code.
    public static func == (left: WebTokenError, right: WebTokenError) -> Bool {
        left.code == right.code
    }
}

/// How tokens are signed (RFC 7518 §3).
public enum WebTokenAlgorithm: String, Sendable, CaseIterable {
    /// ECDSA with P-256 and SHA-256.
    case es256 = "ES256"
    /// RSA with PKCS #1 v1.5 and SHA-256.
    case rs256 = "RS256"
}

/// A token as it was sent; believe its claims only after `isSigned`.
public struct WebToken: Sendable {
    /// How it says it is signed.
    public let algorithm: WebTokenAlgorithm
    /// The name of the key it says it is signed with.
    public let keyID: Name?
    /// What it says.
    public let claims: JSONObject
    private let signed: [UInt8]
    private let signature: [UInt8]

    /// A longer token is not read.
    public static let bytesMax = 8192
    private static let limits = JSONLimits(bytesMax: bytesMax, depthMax: 8, valuesMax: 256)

    /// Reads the three parts; nothing is verified.
    public init(reading text: String) throws(WebTokenError) {
        guard text.utf8.count <= Self.bytesMax else {
            throw WebTokenError(.tooLong, "the token is longer than \(Self.bytesMax) bytes")
        }
        let parts = text.split(atByte: ".")
        guard parts.count == 3, let signature = Base64.decode(parts[2], .urlSafe) else {
            throw WebTokenError(.malformed, "a token has three parts of base64 with points between")
        }
        let header = try Self.object(parts[0], "header")
        claims = try Self.object(parts[1], "body")
        guard header["crit"] == nil, header["b64"] == nil, header["zip"] == nil else {
            throw WebTokenError(.critical, "the token's header asks for what is not understood")
        }
        if let type = header["typ"] {
            guard type.text?.isSameASCII("jwt") == true else {
                throw WebTokenError(.malformed, "the token's header says it is no JWT")
            }
        }
        guard let name = header["alg"]?.name, let algorithm = WebTokenAlgorithm(word: name)
        else {
            throw WebTokenError(.algorithm, "the token is not signed with ES256 or RS256")
        }
        keyID = try header["kid"].map { value throws(WebTokenError) in
            guard let id = value.text else {
                throw WebTokenError(.malformed, "the name of the token's key is no string")
            }
            return Name(id)
        }
        self.algorithm = algorithm
        self.signature = signature
        signed = Array("\(parts[0]).\(parts[1])".utf8)
    }

    private static func object(
        _ part: Substring,
        _ what: String
    ) throws(WebTokenError) -> JSONObject {
        guard let bytes = Base64.decode(part, .urlSafe),
            let value = try? JSONValue(parsing: bytes, limits: limits), let object = value.members
        else {
            throw WebTokenError(.malformed, "the token's \(what) is no JSON object in base64")
        }
        return object
    }

    /// Whether the key signed the token, with the algorithm that is the key's own.
    public func isSigned(by key: WebKey) -> Bool {
        guard algorithm == key.algorithm else { return false }
        switch algorithm {
        case .rs256: return key.key.verifies(signature, of: signed)
        case .es256:
            guard let der = ECDSASignature.der(plain: signature, width: 32) else { return false }
            return key.key.verifies(der, of: signed)
        }
    }
}

/// A private key that signs tokens.
public struct WebSigningKey: Sendable {
    /// What others verify with.
    public let verifier: WebKey
    private let key: PrivateKey

    /// Takes a P-256 key, or an RSA key of 2048 bits or more; without a name it is called by its
    /// thumbprint.
    public init(_ key: PrivateKey, id: Name? = nil) throws(PKIError) {
        verifier = try WebKey(try PublicKey(of: key), id: id)
        self.key = key
    }

    /// A signed token.
    public func sign(_ claims: JSONObject) throws(PKIError) -> String {
        let header: JSONValue = [
            "alg": .string(verifier.algorithm.rawValue), "typ": "JWT", "kid": .string(verifier.id),
        ]
        let head = Base64.encode(header.bytes, .urlSafe)
        let body = Base64.encode(JSONValue.object(claims).bytes, .urlSafe)
        let signed = "\(head).\(body)"
        var signature = try key.signature(of: Array(signed.utf8))
        if verifier.algorithm == .es256 {
            guard let plain = ECDSASignature.plain(der: signature, width: 32) else {
                throw PKIError(.cryptography, "the signature has another form than expected")
            }
            signature = plain
        }
        let token = "\(signed).\(Base64.encode(signature, .urlSafe))"
        guard token.utf8.count <= WebToken.bytesMax else {
            throw PKIError(.badRequest, "the token would be longer than \(WebToken.bytesMax) bytes")
        }
        return token
    }
}
