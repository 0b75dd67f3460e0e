#!/usr/bin/env bash
# Python: cryptography, at the version that requirements.txt pins. Usage: python.sh FOLDER
source "$(dirname "$0")/../verdicts.sh"
need python3-venv python3 -c 'import ensurepip, venv'
venv="$cache/python"
requirements="$rig/readers/python/requirements.txt"
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$requirements"
  cp "$requirements" "$venv/requirements.txt"
fi
"$venv/bin/python" -c 'import platform, cryptography; print("Python", platform.python_version(), "cryptography", cryptography.__version__)'
"$venv/bin/python" "$rig/readers/python/read_requests.py" "$1"/*/*.pem | judge python "$1"
