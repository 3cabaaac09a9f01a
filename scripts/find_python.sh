#!/bin/sh
# Prints the first Python of a supported version that can make virtual environments. Usage: find_python.sh [PYTHON]
suits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}
if [ -n "${1:-}" ]; then
    if suits "$1"; then command -v "$1"; exit 0; fi
    echo "$1: expected Python 3.11 to 3.13 with the venv module (Debian: apt install python3-venv)" >&2
    exit 2
fi
for name in python3 python3.13 python3.12 python3.11 python; do
    if suits "$name"; then command -v "$name"; exit 0; fi
done
echo "no Python 3.11 to 3.13 with the venv module found: install one (Debian: apt install python3 python3-venv)," \
    "or name it: make PYTHON=/path/to/python3.12 ..." >&2
exit 2
