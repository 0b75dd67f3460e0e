#!/usr/bin/env bash
# Programs of others sign with keys that hsm-enroll enrolled, on the YubiKey double, by what `signing-config` prints and by nothing else:
# pyHanko, jsign, jarsigner, OpenSSL (engine of libp11), osslsigncode, NSS (pdfsig). Slots 9a and 9d ask for the PIN once, 9c before every
# signature: where a program cannot sign then, the printed pitfalls have to say so. Prints a table; fails on any other outcome. Debian 12 has
# no pkcs11-provider: the rig debian-13 runs the same with it.
# Usage: run.sh
set -euo pipefail
rig="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$rig/../../.." && pwd)"
[ -f "$root/dist/cli/main.js" ] || (cd "$root" && node scripts/build.mjs --no-types)
bash "$root/scripts/system-packages.sh"
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    osslsigncode libengine-pkcs11-openssl poppler-utils libnss3-tools default-jdk-headless >/dev/null
fi
bash "$rig/fetch-jsign.sh" >/dev/null
bash "$rig/sign.sh"
