#!/usr/bin/env bash
# Debian packages that some tests use where they are there (chromium: the test of the 3D page). Never fails: those
# tests skip, saying why, when the package is missing.
set -euo pipefail
if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "chromium is not installed and cannot be installed from here: the page test will skip" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; }; then
    echo "chromium could not be installed: the page test will skip" >&2
fi
