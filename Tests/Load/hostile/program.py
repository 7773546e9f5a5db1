# SPDX-License-Identifier: Apache-2.0
"""The process of one attack: `program.py NAME`, with what it needs to know as a line of JSON on
standard input."""

import json
import sys

# The order in which they run.
import work_attacks  # noqa: F401 isort:skip
import memory_attacks  # noqa: F401 isort:skip
import http_attacks  # noqa: F401 isort:skip
import other_attacks  # noqa: F401 isort:skip
from peers import Attack, Row

if __name__ == "__main__":
    made = Attack(json.loads(sys.stdin.readline()))
    Row.rows[sys.argv[1]].function(made)
