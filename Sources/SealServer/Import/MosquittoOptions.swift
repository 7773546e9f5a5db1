// SPDX-License-Identifier: Apache-2.0
// The options of a mosquitto.conf, sorted by what becomes of them. Not here: their values.

enum MosquittoOptions {
    /// Belong to the listener above them.
    static let listener: Set<String> = [
        "accept_protocol_versions", "bind_address", "bind_interface", "cafile", "capath",
        "certfile", "ciphers", "ciphers_tls1.3", "crlfile", "disable_client_cert_date_checks",
        "keyfile", "listener_allow_anonymous", "max_connections", "max_qos", "max_topic_alias",
        "maximum_qos", "mount_point", "port", "protocol", "require_certificate", "socket_domain",
        "tls_version", "use_identity_as_username", "use_subject_as_username",
        "use_username_as_clientid", "enable_proxy_protocol", "psk_hint", "tls_engine",
        "tls_keyform",
    ]

    /// Belong to all listeners, or with `per_listener_settings` to the one above them.
    static let security: Set<String> = [
        "acl_file", "allow_anonymous", "allow_zero_length_clientid", "password_file", "psk_file",
    ]

    /// Belong to the broker and have a counterpart.
    static let general: Set<String> = [
        "global_max_connections", "max_inflight_messages", "max_keepalive", "max_packet_size",
        "max_queued_bytes", "max_queued_messages", "message_size_limit",
        "persistent_client_expiration", "retain_available", "sys_interval",
    ]

    /// True or false.
    static let flags: Set<String> = [
        "require_certificate", "use_identity_as_username", "use_subject_as_username",
        "use_username_as_clientid", "disable_client_cert_date_checks", "allow_anonymous",
        "listener_allow_anonymous", "retain_available", "allow_zero_length_clientid",
        "per_listener_settings",
    ]

    /// Have no counterpart and decide nothing about who may connect.
    static let dropped: [String: String] = [
        "persistence": later, "persistence_file": later, "persistence_location": later,
        "autosave_interval": later, "autosave_on_changes": later,
        "persist_location": later,
        "log_timestamp": "log lines always carry the time",
        "log_timestamp_format": "log lines always carry the time in ISO 8601",
        "log_facility": "the log goes to standard error",
        "connection_messages": "connections are logged at level info",
        "websockets_log_level": "there are no WebSocket listeners",
        "websockets_headers_size": "there are no WebSocket listeners",
        "websockets_origin": "there are no WebSocket listeners",
        "http_dir": "files are not served",
        "pid_file": "the daemon stays in the foreground and writes no pid file",
        "user": "the service manager sets the user",
        "enable_control_api": "there is no control topic",
        "set_tcp_nodelay": "small packets are never held back",
        "queue_qos0_messages": "QoS 0 messages are not queued for absent clients",
        "upgrade_outgoing_qos": "the QoS of a delivery is never raised",
        "check_retain_source": "retained messages are checked when they are delivered",
        "global_max_clients": "sessions that are kept are bounded by sessions in [limits]",
        "memory_limit": "memory is bounded by the settings in [limits]",
        "max_inflight_bytes": "messages under way are bounded by in-flight-maximum",
        "max_topic_alias_broker": "see topic-aliases in [limits]",
        "auto_id_prefix": "assigned client ids have a form of their own",
        "auth_plugin_deny_special_chars": "names with + # or / are never put into patterns",
        "dhparamfile": "the library chooses the parameters",
    ]

    private static let later =
        "sessions and retained messages are kept in memory; set up persistence again later"

    /// Starts an option of a bridge.
    static func isBridge(_ name: String) -> Bool {
        bridge.contains(name) || name.hasPrefix("bridge_") || name.hasPrefix("remote_")
            || name.hasPrefix("local_") || name.hasPrefix("notification")
    }

    private static let bridge: Set<String> = [
        "address", "addresses", "topic", "cleansession", "clientid", "keepalive_interval",
        "start_type", "restart_timeout", "idle_timeout", "threshold", "round_robin",
        "try_private", "username", "password",
    ]

    /// Hands the decision who may connect to somebody else.
    static func isPlugin(_ name: String) -> Bool {
        name.hasPrefix("auth_") || name.hasPrefix("plugin") || name == "global_plugin"
    }
}
