#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A tenant's operator does everything with sealwire: from the first login to devices that connect,
# rules, explanations, and the end of connections.
set -euo pipefail
cd "$(dirname "$0")/../.."
release=$PWD/.build/release
export SEALWIRED=${SEALWIRED:-$release/sealwired} SEALWIRE=${SEALWIRE:-$release/sealwire}
export PYTHONDONTWRITEBYTECODE=1
for program in "$SEALWIRED" "$SEALWIRE"; do
    [ -x "$program" ] || { echo "operators: error: $program must be built (make build)"; exit 69; }
done
exec python3 Tests/Seeds/operators.py
