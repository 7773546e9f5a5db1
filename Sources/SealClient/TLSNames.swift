// SPDX-License-Identifier: Apache-2.0
// The words of TLS that a client's settings need, so that applications import one module.

public import SealNet
public import SealPKI

/// What a client wants of TLS.
public typealias TLSClientSettings = SealNet.TLSClientSettings
/// The PEM files of a certificate with its key.
public typealias TLSIdentityFiles = SealPKI.IdentityFiles
/// Where a certificate with its key is: PEM files or a keystore.
public typealias IdentitySource = SealPKI.IdentitySource
/// One private key of a keystore.
public typealias KeystoreSource = SealPKI.KeystoreSource
/// A keystore with trusted certificates.
public typealias TruststoreSource = SealPKI.TruststoreSource
/// Where a password is.
public typealias PasswordSource = SealPKI.PasswordSource
/// The versions of TLS that are spoken.
public typealias TLSVersion = SealNet.TLSVersion
/// A handshake or a record that was refused.
public typealias TLSRefusal = SealNet.TLSRefusal
