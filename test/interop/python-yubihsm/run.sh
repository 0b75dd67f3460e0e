#!/usr/bin/env bash
# Yubico's Python client for the YubiHSM 2 against the double: its own device tests, unchanged, and what it generates, signs and attests.
# The client comes from PyPI, the device tests from its source distribution, by SHA-256; both stay in .cache. README.md has what passes.
set -euo pipefail
version=3.1.2
sha256=a2c93c487d40a16f4fb57ef56fa699eab8fbc60f37371143cf1946fbf4670d97
root="$(cd "$(dirname "$0")/../../.." && pwd)"
cd "$root"
bash scripts/system-packages.sh
python3 -c 'import ensurepip, venv' || { echo "missing: python3, python3-venv" >&2; exit 77; }

folder="$root/.cache/python-yubihsm/$version"
if [ ! -f "$folder/ready" ]; then
  rm -rf "$folder"
  # A virtual environment knows its own path: it is created where it stays.
  python3 -m venv "$folder/venv"
  pip=("$folder/venv/bin/python" -m pip --quiet --disable-pip-version-check)
  "${pip[@]}" install "yubihsm[http]==$version" "pytest>=8.4,<10" "requests>=2,<3" &&
    "${pip[@]}" download --no-deps --no-binary :all: --dest "$folder" "yubihsm==$version" ||
    { echo "missing: yubihsm $version from PyPI" >&2; exit 77; }
  echo "$sha256  $folder/yubihsm-$version.tar.gz" | sha256sum --check --quiet
  tar --extract --gzip --file "$folder/yubihsm-$version.tar.gz" --directory "$folder" --strip-components=1 "yubihsm-$version/tests"
  touch "$folder/ready"
fi
HSM_ENROLL_TEST_PYTHON_YUBIHSM="$folder" npx vitest run --config test/interop/vitest.config.ts test/interop/python-yubihsm
