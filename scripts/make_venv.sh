#!/bin/sh
# Makes a virtual environment and installs this checkout in it. Usage: make_venv.sh VENV [PYTHON] -- PIP-ARGUMENTS...
# CONSTRAINTS, when set, is used instead of constraints.txt.
# TORCH_INDEX, when set, is one more package index, for example https://download.pytorch.org/whl/cpu
set -eu
here=$(dirname "$0")
venv=$1
shift
wanted=
if [ "$1" != "--" ]; then wanted=$1; shift; fi
shift
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c '' 2>/dev/null; then
    python=$(sh "$here/find_python.sh" "$wanted")
    echo "making $venv with $python" >&2
    "$python" -m venv --clear "$venv"
fi
if [ -n "${TORCH_INDEX:-}" ]; then set -- --extra-index-url "$TORCH_INDEX" "$@"; fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint "${CONSTRAINTS:-constraints.txt}" "$@"
