// SPDX-License-Identifier: Apache-2.0
// Public keys as JSON (RFC 7517, RFC 7518 §6): what those fetch who verify tokens.

public import SealBytes

/// A public key that tokens are verified with.
public struct WebKey: Sendable {
    /// Its name in tokens.
    public let id: Name
    /// The one algorithm it is for.
    public let algorithm: WebTokenAlgorithm
    /// The key.
    public let key: PublicKey

    /// A longer name is not taken.
    public static let idBytesMax = 256

    /// Takes a P-256 key, or an RSA key of 2048 to 16,384 bits; without a name it is called by its
    /// thumbprint.
    public init(_ key: PublicKey, id: Name? = nil) throws(PKIError) {
        switch key.fields.kind {
        // A compressed point is refused, as JSON has no way to write it (RFC 7518 §6.2.1).
        case .ellipticCurve(let curve)
        where curve == Self.p256 && key.fields.bytes.first == 4 && key.fields.bytes.count == 65:
            algorithm = .es256
        case .rsa where (2048...16_384).contains(key.fields.bits): algorithm = .rs256
        default:
            throw PKIError(
                .unsupportedKey,
                "tokens are signed with P-256, or RSA of 2048 bits or more, not with "
                    + key.fields.shown
            )
        }
        self.key = key
        if let id {
            guard !id.isEmpty, id.utf8.count <= Self.idBytesMax else {
                throw PKIError(.badRequest, "the name of a key has 1 to \(Self.idBytesMax) bytes")
            }
            self.id = id
        } else {
            self.id = try Self.thumbprint(key)
        }
    }

    private static let p256 = OID(known: "1.2.840.10045.3.1.7")

    /// The key as RFC 7517 writes it.
    public var json: JSONValue {
        let (members, _) = Self.members(key)
        return .pairs(
            members + [
                ("kid", .string(id)), ("use", "sig"), ("alg", .string(algorithm.rawValue)),
            ]
        )
    }

    /// A set of keys (RFC 7517 §5).
    public static func set(_ keys: [WebKey]) -> JSONValue {
        ["keys": .array(keys.map(\.json))]
    }

    /// Reads one key of a set.
    public init(json: JSONValue) throws(PKIError) {
        let der: [UInt8]
        switch json["kty"]?.text {
        case "EC":
            guard json["crv"]?.name == "P-256", let x = Self.bytes(json["x"]), x.count == 32,
                let y = Self.bytes(json["y"]), y.count == 32
            else { throw Self.fault("is not of the curve P-256") }
            der = DERWriter.sequence(
                DERWriter.sequence(OID.ecPublicKey.der, Self.p256.der),
                DERWriter.value(DERTag.bitString, [0, 4] + x + y)
            )
        case "RSA":
            guard let modulus = Self.bytes(json["n"]), modulus.count <= 2048,
                let exponent = Self.bytes(json["e"]), exponent.count <= 8
            else { throw Self.fault("is not of RSA") }
            let numbers = DERWriter.sequence(Self.integer(modulus), Self.integer(exponent))
            der = DERWriter.sequence(
                DERWriter.sequence(OID.rsa.der, DERWriter.null),
                DERWriter.value(DERTag.bitString, [0] + numbers)
            )
        default: throw Self.fault("is of another kind than EC and RSA")
        }
        try self.init(try PublicKey(der: der), id: json["kid"]?.name)
        if let named = json["alg"] {
            guard named.text == algorithm.rawValue else {
                throw Self.fault("is for another algorithm than \(algorithm.rawValue)")
            }
        }
    }

    private static func fault(_ why: String) -> PKIError {
        PKIError(.unsupportedKey, "the JSON Web Key \(why)")
    }

    private static func bytes(_ value: JSONValue?) -> [UInt8]? {
        guard let text = value?.text, let bytes = Base64.decode(text, .urlSafe), !bytes.isEmpty
        else { return nil }
        return bytes
    }

    private static func integer(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        guard let first = digits.first else { return DERWriter.integer(0) }
        return DERWriter.value(DERTag.integer, (first >= 0x80 ? [0] : []) + digits)
    }

    /// The members that make the key, and their names in the order of RFC 7638.
    private static func members(
        _ key: PublicKey
    ) -> (members: [(String, JSONValue)], order: [String]) {
        switch key.fields.kind {
        case .rsa(let modulus, let exponent):
            return (
                [
                    ("kty", "RSA"), ("n", .string(Base64.encode(modulus, .urlSafe))),
                    ("e", .string(Base64.encode(exponent, .urlSafe))),
                ],
                ["e", "kty", "n"]
            )
        default:
            // An uncompressed point: 4, x, y (SEC 1 §2.3.3).
            let point = key.fields.bytes.dropFirst()
            return (
                [
                    ("kty", "EC"), ("crv", "P-256"),
                    ("x", .string(Base64.encode(Array(point.prefix(32)), .urlSafe))),
                    ("y", .string(Base64.encode(Array(point.suffix(32)), .urlSafe))),
                ],
                ["crv", "kty", "x", "y"]
            )
        }
    }

    /// The digest that names a key by what it is (RFC 7638).
    private static func thumbprint(_ key: PublicKey) throws(PKIError) -> Name {
        let (members, order) = members(key)
        let object = JSONObject(members)
        let ordered = order.compactMap { name in object[name].map { (name, $0) } }
        let digest = try Cryptography.sha256(JSONValue.pairs(ordered).bytes)
        return Name(Base64.encode(digest, .urlSafe))
    }
}
