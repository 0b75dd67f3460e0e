# Sourced by the scripts beside it, with `root`, `work`, `pin` and `wrong_pin` in the environment.
set -euo pipefail
cd "$work"
so_pin=73518264
libraries=/usr/lib/$(uname -m)-linux-gnu

# life NAME MODULE LABEL [--any ALGORITHM] [--fails STEP=WORDS]...
life() {
  local name=$1 module=$2 label=$3
  shift 3
  node "$root/dist/tools/pkcs11-module.js" "$name" "$module" "$label" "$pin" "$wrong_pin" "$@"
}
version() { dpkg-query -W -f '${Version}' "$1" | sed 's/^[0-9]*://; s/[-+].*//'; }
