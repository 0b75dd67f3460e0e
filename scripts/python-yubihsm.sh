#!/usr/bin/env bash
# Puts Yubico's Python client for the YubiHSM 2 and its device tests (they are in its source distribution) under
# .cache/python-yubihsm. Does nothing where they stand already. Prints one line of what it did; the last word is the folder.
set -euo pipefail
version=3.1.2
sha256=a2c93c487d40a16f4fb57ef56fa699eab8fbc60f37371143cf1946fbf4670d97
root="$(cd "$(dirname "$0")/.." && pwd)"
folder="$root/.cache/python-yubihsm/$version"
if [ -f "$folder/ready" ]; then
  echo "python-yubihsm $version stands in $folder"
  exit 0
fi
command -v python3 >/dev/null || { echo "python3 is missing" >&2; exit 1; }
mkdir -p "$(dirname "$folder")"
work="$(mktemp -d "$(dirname "$folder")/install-XXXXXX")"
trap 'rm -rf "$work"' EXIT
python3 -c 'import ensurepip, venv' 2>/dev/null || { echo "python3-venv is missing" >&2; exit 1; }
rm -rf "$folder"
# A virtual environment knows its own path: it is made where it stays.
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/python" -m pip --quiet --disable-pip-version-check)
"${pip[@]}" install "yubihsm[http]==$version" "pytest>=8.4,<10" "requests>=2,<3"
"${pip[@]}" download --no-deps --no-binary :all: --dest "$work" "yubihsm==$version"
echo "$sha256  $work/yubihsm-$version.tar.gz" | sha256sum --check --quiet
tar --extract --gzip --file "$work/yubihsm-$version.tar.gz" --directory "$folder" --strip-components=1 "yubihsm-$version/tests"
touch "$folder/ready"
echo "python-yubihsm $version installed from its package registry into $folder"
