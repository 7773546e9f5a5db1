// SPDX-License-Identifier: Apache-2.0
// The words of TLS that a client's settings need, so that applications import one module.

public import SealNet

/// What a client wants of TLS.
public typealias TLSClientSettings = SealNet.TLSClientSettings
/// The files of a certificate with its key.
public typealias TLSIdentityFiles = SealNet.TLSIdentityFiles
/// The versions of TLS that are spoken.
public typealias TLSVersion = SealNet.TLSVersion
/// A handshake or a record that was refused.
public typealias TLSRefusal = SealNet.TLSRefusal
