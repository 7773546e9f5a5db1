#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From nothing to a device with keystore and truststore, twice: with openssl and keytool, step by
# step, and with sealwire alone. After each step the other tool looks at what was made.
set -euo pipefail
cd "$(dirname "$0")/../.."
for program in sealwired sealwire; do
    [ -x ".build/release/$program" ] ||
        { echo "certificates: error: .build/release/$program must be built (make build)"; exit 69; }
done
for program in openssl keytool java; do
    command -v "$program" >/dev/null ||
        { echo "certificates: error: $program is missing (make setup installs it)"; exit 69; }
done
export SEALWIRED=$PWD/.build/release/sealwired
exec python3 Tests/Seeds/certificates.py
