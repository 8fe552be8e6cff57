#!/bin/sh
# Install the system packages that are missing: software OpenGL and Python's venv module,
# and those named as arguments.
set -eu
wanted="libegl1 libegl-mesa0 libgl1-mesa-dri $*"
missing=""
if command -v dpkg-query >/dev/null 2>&1; then
  for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing="$missing $package"
  done
fi
"${PYTHON:-python3}" -c 'import venv, ensurepip' 2>/dev/null ||
  missing="$missing python3-venv"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing system packages:$missing"
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
else
  echo "error: missing system packages:$missing; install them and run make again:" >&2
  echo "  sudo apt-get install -y --no-install-recommends$missing" >&2
  exit 1
fi
