#!/usr/bin/env bash
# PKCS#11 modules of other people through the life of keys, by the code that Luna, nShield and YubiKey share: found, a wrong PIN sent once,
# five key types with requests that OpenSSL and GnuTLS read, duplicates refused, certificates stored, replaced and read back, one key deleted.
# Prints a table; a step that a module cannot do is expected to fail with its own words. Each module runs in mount, IPC and process
# namespaces of its own: daemons end with it, and nothing of the system's configuration or tokens is touched. Needs root.
# Usage: run.sh [MODULE...]
set -euo pipefail
rig="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$rig/../../.." && pwd)"
[ -f "$root/dist/tools/pkcs11-module.js" ] || (cd "$root" && node scripts/build.mjs --no-types)
[ "$(id -u)" -eq 0 ] && unshare --mount --ipc --pid --fork --mount-proc true 2>/dev/null ||
  { echo "cannot run here: it needs root, for namespaces and their mounts" >&2; exit 77; }
bash "$root/scripts/system-packages.sh"
if command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends opencryptoki libtpm2-pkcs11-1 libtpm2-pkcs11-tools \
    tpm2-abrmd libtss2-tcti-tabrmd0 dbus swtpm libnss3-tools p11-kit softhsm2 opensc \
    libssl-dev libsqlite3-dev pkg-config libclang1-14 libclang-common-14-dev >/dev/null
fi

modules=("$@")
[ "${#modules[@]}" -gt 0 ] || modules=(softhsm2 kryoptic opencryptoki nss tpm2-pkcs11 opensc)
export root work pin=648219 wrong_pin=000000
failed=()
lines=()
for module in "${modules[@]}"; do
  work="$(mktemp -d /tmp/p11m-XXXXXX)"
  mkdir -m 700 "$work/locks"
  code=0
  HSM_ENROLL_TEST_DEVICE_LOCKS="$work/locks" unshare --mount --ipc --pid --fork --mount-proc --kill-child \
    bash "$rig/modules/$module.sh" >"$work/line" || code=$?
  case "$code" in 0 | 77) ;; *) failed+=("$module") ;; esac
  lines+=("$(grep '^|' "$work/line" || echo "| $module | did not run |")")
  rm -rf "$work"
done
echo '| module | discover | wrong PIN | RSA-2048 | RSA-3072 | RSA-4096 | P-256 | P-384 | duplicate | certificate | issuers | deletion | every key |'
printf '%s\n' "${lines[@]}"
[ "${#failed[@]}" -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
echo "pkcs11-modules: each as expected"
