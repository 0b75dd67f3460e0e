#!/usr/bin/env bash
# A real step-ca (a Go module, built here) issues over ACME device-attest-01 to YubiKey doubles of firmware 5.4.3 and 5.7.4, and
# refuses a wrong serial number, another key, another root: through this client, and through smallstep's own (`step`).
# Pebble, another real server, takes accounts that are bound to one of its own (externalAccountBinding), and no others.
# Prints a line per claim, and fails if one does not hold. The first run builds for some minutes.
set -euo pipefail
ca_version=v0.30.2
step_version=v0.30.2
pebble_version=v2.10.3
root="$(cd "$(dirname "$0")/../../.." && pwd)"
bash "$root/scripts/system-packages.sh"
command -v go >/dev/null || { echo "missing: Go 1.25 or later (https://go.dev/dl/)" >&2; exit 77; }
[ -f "$root/dist/tools/step-ca-rig.js" ] || (cd "$root" && node scripts/build.mjs --no-types)

# The binaries are large, and the same for every run.
bin="$root/.cache/interop-step-ca/$ca_version-$step_version-$pebble_version"
mkdir -p "$bin"
install() {
  [ -x "$bin/$(basename "${1%@*}")" ] || GOBIN="$bin" GOFLAGS=-mod=mod CGO_ENABLED=0 go install "$1"
}
install "github.com/smallstep/certificates/cmd/step-ca@$ca_version"
install "github.com/smallstep/cli/cmd/step@$step_version"
install "github.com/letsencrypt/pebble/v2/cmd/pebble@$pebble_version"
go version
for program in step-ca step pebble; do
  echo "$program $(go version -m "$bin/$program" | awk '$1 == "mod" { print $2, $3 }')"
done
cd "$root"
node dist/tools/pebble-rig.js "$bin/pebble"
node dist/tools/step-ca-rig.js "$bin/step-ca" "$bin/step"
