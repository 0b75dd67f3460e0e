#!/usr/bin/env bash
# Signs and verifies, once the programs are there: see run.sh.
set -euo pipefail
rig="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$rig/../../.." && pwd)"
for program in python3 java jarsigner openssl osslsigncode pdfsig modutil; do
  command -v "$program" >/dev/null || { echo "missing: $program" >&2; exit 77; }
done

work="$(mktemp -d /tmp/sign-XXXXXX)"
sandbox=
finish() {
  [ -z "$sandbox" ] || { kill "$sandbox" 2>/dev/null && wait "$sandbox" || true; }
  rm -rf "$work"
}
trap finish EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet --disable-pip-version-check install -r "$rig/requirements.txt"
jsign="$(bash "$rig/fetch-jsign.sh")"
mkdir "$work/bin"
printf '#!/bin/sh\nexec java -jar %s "$@"\n' "$jsign" >"$work/bin/jsign"
chmod +x "$work/bin/jsign"
export PATH="$work/bin:$work/venv/bin:$PATH"

node "$root/dist/cli/main.js" sandbox --device yubikey --directory "$work/sandbox" --json >"$work/sandbox.json" &
sandbox=$!
until [ -s "$work/sandbox.json" ]; do
  kill -0 "$sandbox" || { echo "the sandbox ended" >&2; exit 1; }
  sleep 0.2
done
node "$rig/sign.mjs" "$root/dist/cli/main.js" "$work"
