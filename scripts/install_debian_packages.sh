#!/usr/bin/env bash
# Debian packages that some tests use where they are there: chromium (the test of the 3D page) and an OpenGL driver that
# needs no window (tests marked `gl`). Never fails: those tests skip, saying why, when a package is missing.
set -euo pipefail
wanted=()
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
    wanted+=(chromium)
fi
if ! ldconfig -p 2>/dev/null | grep -q 'libEGL\.so\.1' || ! ldconfig -p | grep -qE 'lib(EGL_mesa|EGL_nvidia)\.so\.0'; then
    wanted+=(libegl1 libegl-mesa0 libgl1 libgl1-mesa-dri)
fi
if [ "${#wanted[@]}" -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "${wanted[*]}: not installed and cannot be installed from here: some tests will skip" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null; }; then
    echo "${wanted[*]}: could not be installed: some tests will skip" >&2
fi
