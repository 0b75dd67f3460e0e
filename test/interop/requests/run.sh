#!/usr/bin/env bash
# The requests of all six families' doubles, every algorithm, with and without extensions, read by the parsers that CAs are built
# with: OpenSSL, GnuTLS, NSS, Go, Python's cryptography, Bouncy Castle. Each installs what it needs, or says what is missing; each
# can be run alone (readers/NAME.sh FOLDER). Prints what ran with its version, and fails if one reader fails to read one request.
# Usage: run.sh [FOLDER to keep the requests and verdicts in]
set -euo pipefail
rig="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$rig/../../.." && pwd)"
[ -f "$root/dist/cli/main.js" ] || (cd "$root" && node scripts/build.mjs --no-types)
bash "$root/scripts/system-packages.sh"

folder="${1:-}"
if [ -z "$folder" ]; then
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
fi
node "$rig/write-requests.mjs" "$folder/good"
node "$rig/write-faulty.mjs" "$folder/faulty"

failed=()
for reader in "$rig"/readers/*.sh; do
  echo "== $(basename "$reader" .sh)"
  "$reader" "$folder" || failed+=("$(basename "$reader" .sh)")
done
echo "== faulty requests"
node "$rig/matrix.mjs" "$folder" || failed+=(matrix)
if [ "${#failed[@]}" -gt 0 ]; then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
echo "requests: all readers read all of them"
