// SPDX-License-Identifier: Apache-2.0
// The closed lists behind the labels `result`, `reason`, `version`, `limit` and `status`. Logs and
// metrics use the same words. A new way to refuse gets a case here first.

/// How an attempt to connect ended, from CONNECT to CONNACK.
public enum ConnectOutcome: UInt8, CounterKey {
    case accepted, badUserNameOrPassword, notAuthorized, banned, badAuthenticationMethod,
        certificateRequired, certificateNotValid, clientIDNotValid, unsupportedVersion,
        malformedPacket, protocolError, packetTooLarge, topicNameNotValid, quotaExceeded,
        serverBusy, serverUnavailable, timeout, closed, internalError

    /// The word in metrics and logs.
    public var label: String {
        switch self {
        case .accepted: "accepted"
        case .badUserNameOrPassword: "bad_user_name_or_password"
        case .notAuthorized: "not_authorized"
        case .banned: "banned"
        case .badAuthenticationMethod: "bad_authentication_method"
        case .certificateRequired: "certificate_required"
        case .certificateNotValid: "certificate_not_valid"
        case .clientIDNotValid: "client_identifier_not_valid"
        case .unsupportedVersion: "unsupported_protocol_version"
        case .malformedPacket: "malformed_packet"
        case .protocolError: "protocol_error"
        case .packetTooLarge: "packet_too_large"
        case .topicNameNotValid: "topic_name_not_valid"
        case .quotaExceeded: "quota_exceeded"
        case .serverBusy: "server_busy"
        case .serverUnavailable: "server_unavailable"
        case .timeout: "timeout"
        case .closed: "closed"
        case .internalError: "internal_error"
        }
    }

    /// The value of the label `result`.
    public var result: String { self == .accepted ? "accepted" : "refused" }
}

/// Why a message did not reach a subscriber it was meant for.
public enum DropReason: UInt8, CounterKey {
    case queueFull, outBufferFull, expired, packetTooLarge, notAuthorized, sessionEnded, noMember,
        mailboxFull, shutdown

    /// The word in metrics and logs.
    public var label: String {
        switch self {
        case .queueFull: "queue_full"
        case .outBufferFull: "out_buffer_full"
        case .expired: "expired"
        case .packetTooLarge: "packet_too_large"
        case .notAuthorized: "not_authorized"
        case .sessionEnded: "session_ended"
        case .noMember: "no_member"
        case .mailboxFull: "mailbox_full"
        case .shutdown: "shutdown"
        }
    }
}

/// How a TLS handshake ended.
public enum HandshakeOutcome: UInt8, CounterKey {
    case full, resumed, timeout, closed, notTLS, noSharedVersion, noSharedCipher, unknownServerName,
        noClientCertificate, unknownAuthority, certificateExpired, certificateNotYetValid,
        certificateRevoked, certificateNotValid, weakSignature, revocationListMissing, peerRefused,
        protocolError, limit, internalError

    /// The word in metrics and logs.
    public var label: String {
        switch self {
        case .full: "full"
        case .resumed: "resumed"
        case .timeout: "timeout"
        case .closed: "closed"
        case .notTLS: "not_tls"
        case .noSharedVersion: "no_shared_version"
        case .noSharedCipher: "no_shared_cipher"
        case .unknownServerName: "unknown_server_name"
        case .noClientCertificate: "no_client_certificate"
        case .unknownAuthority: "unknown_authority"
        case .certificateExpired: "certificate_expired"
        case .certificateNotYetValid: "certificate_not_yet_valid"
        case .certificateRevoked: "certificate_revoked"
        case .certificateNotValid: "certificate_not_valid"
        case .weakSignature: "weak_signature"
        case .revocationListMissing: "revocation_list_missing"
        case .peerRefused: "peer_refused"
        case .protocolError: "protocol_error"
        case .limit: "limit"
        case .internalError: "internal_error"
        }
    }

    /// The value of the label `result`.
    public var result: String {
        switch self {
        case .full, .resumed: label
        default: "failed"
        }
    }

    /// The value of the label `reason`: `none` for a handshake that succeeded.
    public var reason: String {
        switch self {
        case .full, .resumed: "none"
        default: label
        }
    }
}

/// The TLS version a handshake agreed on.
public enum HandshakeVersion: UInt8, CounterKey {
    case none, tls12, tls13

    /// The word in metrics and logs.
    public var label: String {
        switch self {
        case .none: "none"
        case .tls12: "1.2"
        case .tls13: "1.3"
        }
    }
}

/// The limits that can be hit, by the name of their setting where they have one.
public enum LimitName: UInt8, CounterKey {
    case connections, connectionsPerSource, connectionsPerTenant, connectionsPerListener,
        handshakesWaiting,
        handshakesPerSource, handshakeSeconds, connectSeconds, packetBytes, keepAliveSeconds,
        outBufferBytes, queuedMessages, queuedBytes, receiveMaximum, topicAliasMaximum, topicLevels,
        subscriptionsPerSession, sessions, sessionExpirySeconds, retainedMessages, retainedBytes,
        mailboxBytes, httpHeadBytes, httpConnections, clientIDBytes, awaitedAnswers,
        filtersPerPacket, wildcardShapes, retainedFilters, linkWork, tenantWork,
        tenants, loginGuesses, registry,
        httpConnectionsPerSource, httpBodyBytes, httpBodyBytesTotal, httpRequestSeconds,
        httpWaiting, connectPacketBytes, topicBytes, userNameBytes, inputBytes,
        memoryBytes, tenantBytes, clientBytes, subscriptionBytesPerSession, loginsWaiting

    /// The word in metrics and logs.
    public var label: String {
        switch self {
        case .connections: "connections"
        case .connectionsPerSource: "connections_per_source"
        case .connectionsPerTenant: "connections_per_tenant"
        case .connectionsPerListener: "max_connections"
        case .handshakesWaiting: "handshakes_waiting"
        case .handshakesPerSource: "handshakes_per_source"
        case .handshakeSeconds: "handshake_seconds"
        case .connectSeconds: "connect_seconds"
        case .packetBytes: "packet_bytes"
        case .keepAliveSeconds: "keep_alive_seconds"
        case .outBufferBytes: "out_buffer_bytes"
        case .queuedMessages: "queued_messages"
        case .queuedBytes: "queued_bytes"
        case .receiveMaximum: "receive_maximum"
        case .topicAliasMaximum: "topic_alias_maximum"
        case .topicLevels: "topic_levels"
        case .subscriptionsPerSession: "subscriptions_per_session"
        case .sessions: "sessions"
        case .sessionExpirySeconds: "session_expiry_seconds"
        case .retainedMessages: "retained_messages"
        case .retainedBytes: "retained_bytes"
        case .mailboxBytes: "mailbox_bytes"
        case .httpHeadBytes: "http_head_bytes"
        case .httpConnections: "http_connections"
        case .clientIDBytes: "client_id_bytes"
        case .awaitedAnswers: "awaited_answers"
        case .filtersPerPacket: "filters_per_packet"
        case .wildcardShapes: "wildcard_shapes"
        case .retainedFilters: "retained_filters"
        case .linkWork: "link_work"
        case .tenantWork: "tenant_work"
        case .tenants: "tenants"
        case .httpConnectionsPerSource: "http_connections_per_source"
        case .httpBodyBytes: "http_body_bytes"
        case .httpBodyBytesTotal: "http_body_bytes_total"
        case .httpRequestSeconds: "http_request_seconds"
        case .httpWaiting: "http_waiting"
        case .loginGuesses: "login_guesses"
        case .loginsWaiting: "logins_waiting"
        case .registry: "registry"
        case .connectPacketBytes: "connect_packet_bytes"
        case .topicBytes: "topic_bytes"
        case .userNameBytes: "user_name_bytes"
        case .inputBytes: "input_bytes"
        case .memoryBytes: "memory_bytes"
        case .tenantBytes: "tenant_bytes"
        case .clientBytes: "client_bytes"
        case .subscriptionBytesPerSession: "subscription_bytes_per_session"
        }
    }
}

/// How a request to the REST API ended, by the first digit of its status.
public enum HTTPStatusClass: UInt8, CounterKey {
    case success, redirection, clientError, serverError

    /// The class of a final status.
    public init(_ status: Int) {
        switch status {
        case ..<300: self = .success
        case ..<400: self = .redirection
        case ..<500: self = .clientError
        default: self = .serverError
        }
    }

    /// The word in metrics and logs.
    public var label: String {
        switch self {
        case .success: "2xx"
        case .redirection: "3xx"
        case .clientError: "4xx"
        case .serverError: "5xx"
        }
    }
}
