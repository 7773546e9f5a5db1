// SPDX-License-Identifier: Apache-2.0
// The login of listeners that ask the registry: which credential counts, and whom it makes.

/// The login over the registry.
public enum RegistryLogin {}
