#!/usr/bin/env bash
# Programs of others sign with keys that hsm-enroll enrolled, on the YubiKey double, by what `signing-config` prints and by nothing else:
# pyHanko, jsign, jarsigner, OpenSSL (engine of libp11), osslsigncode, NSS (pdfsig). Slots 9a and 9d ask for the PIN once, 9c before every
# signature: where a program cannot sign then, the printed pitfalls have to say so. Prints a table; fails on any other outcome.
# Usage: run.sh
set -euo pipefail
rig="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$rig/../../.." && pwd)"
[ -f "$root/dist/cli/main.js" ] || (cd "$root" && node scripts/build.mjs --no-types)
bash "$root/scripts/system-packages.sh"
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    osslsigncode libengine-pkcs11-openssl poppler-utils libnss3-tools default-jdk-headless maven >/dev/null
fi
for program in python3 java jarsigner mvn openssl osslsigncode pdfsig modutil; do
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
mvn --quiet --batch-mode dependency:copy -Dartifact=net.jsign:jsign:7.1 -DoutputDirectory="$work/jsign"
mkdir "$work/bin"
printf '#!/bin/sh\nexec java -jar %s/jsign/jsign-7.1.jar "$@"\n' "$work" >"$work/bin/jsign"
chmod +x "$work/bin/jsign"
export PATH="$work/bin:$work/venv/bin:$PATH"

node "$root/dist/cli/main.js" sandbox --device yubikey --directory "$work/sandbox" --json >"$work/sandbox.json" &
sandbox=$!
until [ -s "$work/sandbox.json" ]; do
  kill -0 "$sandbox" || { echo "the sandbox ended" >&2; exit 1; }
  sleep 0.2
done
node "$rig/sign.mjs" "$root/dist/cli/main.js" "$work"
