#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Devices of a tenant connect with certificates of an authority the tenant uploaded: openssl or
# sealwire makes it, curl uploads it, mosquitto's clients and paho connect, tokens open the REST
# API; then each rule is broken in turn.
set -euo pipefail
cd "$(dirname "$0")/../.."
release=$PWD/.build/release
export SEALWIRED=${SEALWIRED:-$release/sealwired} SEALWIRE=${SEALWIRE:-$release/sealwire}
export PYTHONDONTWRITEBYTECODE=1
for program in "$SEALWIRED" "$SEALWIRE"; do
    [ -x "$program" ] || { echo "cumulocity: error: $program must be built (make build)"; exit 69; }
done
for generation in paho1 paho2; do
    [ -x ".venv/$generation/bin/python" ] ||
        { echo "cumulocity: error: .venv/$generation is missing (make setup makes it)"; exit 69; }
done
for program in openssl curl mosquitto_pub mosquitto_sub mosquitto_rr; do
    command -v "$program" >/dev/null ||
        { echo "cumulocity: error: $program is missing (make setup installs it)"; exit 69; }
done
exec .venv/paho2/bin/python Tests/Seeds/cumulocity.py
