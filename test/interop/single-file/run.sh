#!/usr/bin/env bash
# Builds the single-file program, puts it with the libraries that ldd names, the evidence and nothing else into an empty root without a
# network, and has it judge every published attestation there: each verdict must be the manifest's, and each word that of the program that
# Node.js runs. Linux; needs unshare (as root, or where users may have namespaces). Usage: run.sh [VECTORS]
set -euo pipefail
root="$(cd "$(dirname "$0")/../../.." && pwd)"
cd "$root"
vectors="$(realpath "${1:-../shared/vectors}")"
for program in node npm unshare ldd; do
  command -v "$program" >/dev/null || { echo "missing: $program" >&2; exit 77; }
done
[ -f "$vectors/manifest.json" ] || { echo "missing: $vectors/manifest.json" >&2; exit 77; }
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

node scripts/build-sea.mjs --out "$work/root/hsm-enroll"
rm "$work/root/third-party-notices.txt"
for library in $(ldd "$work/root/hsm-enroll" | grep -o '/[^ ]*'); do
  mkdir -p "$work/root$(dirname "$library")"
  cp -L "$library" "$work/root$library"
done
echo "in the empty root, beside the evidence:"
(cd "$work/root" && find . -type f | sort)
cp -r "$vectors" "$work/root/vectors"
node test/interop/single-file/judge.mjs "$work/root"
