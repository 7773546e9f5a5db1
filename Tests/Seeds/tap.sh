#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An application outside the TAP platform connects over a secured wire: openssl, Debian's
# mosquitto clients and a Python program, with a release build of the daemon.
set -euo pipefail
cd "$(dirname "$0")/../.."
export SEALWIRED=$PWD/.build/release/sealwired
[ -x "$SEALWIRED" ] ||
    { echo 'tap: error: .build/release/sealwired must be built (make build)'; exit 69; }
for generation in paho1 paho2; do
    [ -x ".venv/$generation/bin/python" ] ||
        { echo "tap: error: .venv/$generation is missing (make setup makes it)"; exit 69; }
done
# In a mount namespace of its own, where that is allowed, the scenario has the host names and the
# system's certificate bundle of the story; the machine's own files stay as they are.
private='mount --make-rprivate / 2>/dev/null'
if unshare -m sh -c "$private" 2>/dev/null; then
    exec unshare -m sh -c "$private"'; exec "$@"' sh \
        .venv/paho2/bin/python Tests/Seeds/tap.py --own-mounts
fi
exec .venv/paho2/bin/python Tests/Seeds/tap.py
