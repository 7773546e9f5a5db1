// SPDX-License-Identifier: Apache-2.0
// What this build calls itself.

/// The version of the build.
public enum Version {
    /// As in CHANGELOG.md.
    public static let text = "0.1.0"
}
