#!/usr/bin/env bash
# Official clients of two clouds on the doubles: Google's of npm, PyPI and Go over REST on the Cloud KMS double; Fortanix's PyPI sdkms and
# sdkms-cli on the DSM double. Each creates keys, reads and lists them, signs, reads the attestation, is refused what it should be, and
# destroys; `check` then judges the attestation that the client returned against the public key that the client verified with.
# Usage: run.sh
set -euo pipefail
rig="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$rig/../../.." && pwd)"
[ -f "$root/dist/cli/main.js" ] || (cd "$root" && node scripts/build.mjs --no-types)
for program in python3 go npm openssl; do
  command -v "$program" >/dev/null || { echo "missing: $program" >&2; exit 77; }
done

work="$(mktemp -d /tmp/clouds-XXXXXX)"
started=()
finish() {
  for process in "${started[@]}"; do kill "$process" 2>/dev/null && wait "$process" || true; done
  rm -rf "$work"
}
trap finish EXIT

cp "$rig"/node/* "$work"
(cd "$work" && npm ci --silent --no-audit --no-fund)
python3 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet --disable-pip-version-check install -r "$rig/python/requirements.txt"
(cd "$rig/go" && nice go build -o "$work/go-kms" .)
export PATH="$work/venv/bin:$PATH"

# Waits until a process that was started has written its first line.
first_line() {
  until [ -s "$1" ]; do
    kill -0 "$2" || { echo "$1: the process ended" >&2; exit 1; }
    sleep 0.1
  done
}
sandbox() {
  node "$root/dist/cli/main.js" sandbox --device "$1" --directory "$work/$1" --json >"$work/$1.line" 2>"$work/$1.log" &
  started+=($!)
  first_line "$work/$1.line" $!
}
judge() {
  for attestation in "$1"/*.attestation; do
    local name="${attestation%.attestation}"
    local files=("$attestation")
    [ ! -f "$name.chains" ] || files+=("$name.chains")
    node "$root/dist/cli/main.js" check --attestation "${files[@]}" --public-key "$name.key" \
      --trust-anchors "$2/trust-anchors.json" --fips warn >"$name.verdict" || { cat "$name.verdict"; exit 1; }
  done
  echo "$(basename "$1"): done; attestations acceptable: $(ls "$1" | grep -c '\.verdict$')"
}

sandbox marvell-google
kms="$(sed -n 's/^  endpoint: \(http:.*\)/\1/p' "$work/marvell-google/profile.yaml")"
credentials="$work/marvell-google/device/service-account.json"
mkdir "$work/node" "$work/python" "$work/go" "$work/sdkms" "$work/sdkms-cli"
node "$work/kms.mjs" "$kms" "$credentials" "$work/node"
judge "$work/node" "$work/marvell-google"
python3 "$rig/python/kms.py" "$kms" "$credentials" "$work/python"
judge "$work/python" "$work/marvell-google"
"$work/go-kms" "$kms" "$credentials" "$work/go"
judge "$work/go" "$work/marvell-google"

sandbox fortanix
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/tls.key" -out "$work/tls.pem" \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 2>/dev/null
cat "$work/tls.pem" "$work/tls.key" >"$work/tls.both"
dsm_port="$(sed -n 's/.*endpoint=http:[^:]*:\([0-9]*\).*/\1/p' "$work/fortanix.line")"
node "$rig/tls-front.mjs" "$dsm_port" "$work/tls.both" >"$work/front.line" &
started+=($!)
first_line "$work/front.line" $!
dsm="https://localhost:$(cat "$work/front.line")"
python3 "$rig/python/dsm.py" "$dsm" "$work/tls.pem" "$work/fortanix/secret-api-key" "$work/sdkms"
judge "$work/sdkms" "$work/fortanix"
bash "$rig/sdkms-cli.sh" "$dsm" "$work/tls.pem" "$work/fortanix/secret-api-key" "$work/sdkms-cli"
judge "$work/sdkms-cli" "$work/fortanix"
echo "cloud-clients: five clients, each created, read, listed, signed, attested and destroyed"
