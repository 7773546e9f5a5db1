#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A device's own certificate is its credential instead of an access token: the server's keystore
# comes from keytool or from sealwire, the certificate is pasted by ThingsBoard's calls, mosquitto's
# clients and paho connect with no token.
set -euo pipefail
cd "$(dirname "$0")/../.."
release=$PWD/.build/release
export SEALWIRED=${SEALWIRED:-$release/sealwired} SEALWIRE=${SEALWIRE:-$release/sealwire}
export PYTHONDONTWRITEBYTECODE=1
for program in "$SEALWIRED" "$SEALWIRE"; do
    [ -x "$program" ] || { echo "tempus: error: $program must be built (make build)"; exit 69; }
done
for generation in paho1 paho2; do
    [ -x ".venv/$generation/bin/python" ] ||
        { echo "tempus: error: .venv/$generation is missing (make setup makes it)"; exit 69; }
done
for program in openssl keytool curl mosquitto_pub mosquitto_sub; do
    command -v "$program" >/dev/null ||
        { echo "tempus: error: $program is missing (make setup installs it)"; exit 69; }
done
exec .venv/paho2/bin/python Tests/Seeds/tempus.py
