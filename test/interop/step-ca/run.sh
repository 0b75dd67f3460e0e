#!/usr/bin/env bash
# A real step-ca (a Go module, built here) issues over ACME device-attest-01 to YubiKey doubles of firmware 5.4.3 and 5.7.4, and
# refuses a wrong serial number, another key, another root. Prints a line per claim, and fails if one does not hold.
set -euo pipefail
version=v0.30.2
root="$(cd "$(dirname "$0")/../../.." && pwd)"
bash "$root/scripts/system-packages.sh"
command -v go >/dev/null || { echo "missing: Go 1.25 or later (https://go.dev/dl/)" >&2; exit 1; }
[ -f "$root/dist/tools/step-ca-rig.js" ] || (cd "$root" && node scripts/build.mjs --no-types)

# The binary is large, and the same for every run.
bin="$root/.cache/interop-step-ca/$version"
if [ ! -x "$bin/step-ca" ]; then
  mkdir -p "$bin"
  GOBIN="$bin" GOFLAGS=-mod=mod CGO_ENABLED=0 go install "github.com/smallstep/certificates/cmd/step-ca@$version"
fi
go version
echo "step-ca $(go version -m "$bin/step-ca" | awk '$1 == "mod" { print $2, $3 }')"
cd "$root"
node dist/tools/step-ca-rig.js "$bin/step-ca"
