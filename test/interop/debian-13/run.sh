#!/usr/bin/env bash
# The demo, the tests of the PIV card double and of the YubiKey family, and the rig signing, on Debian 13: pcscd 2.3.3 (which asks polkit),
# libykcs11 2.7.1, ykman 5.6, OpenSC 0.26, OpenSSL 3.5 with pkcs11-provider 1.0, Node.js 20.19 of the distribution. The root is bootstrapped
# in a temporary folder (800 MB, removed) and entered in namespaces of its own; this clone with its node_modules is what runs in it. Needs
# root, mmdebstrap.
# Usage: run.sh [ROOT that was bootstrapped before, and is kept]
set -euo pipefail
root="$(cd "$(dirname "$0")/../../.." && pwd)"
[ "$(id -u)" -eq 0 ] && unshare --mount --net --pid --fork true 2>/dev/null ||
  { echo "cannot run here: it needs root, for namespaces and their mounts" >&2; exit 77; }
if ! command -v mmdebstrap >/dev/null && command -v apt-get >/dev/null; then
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends mmdebstrap >/dev/null
fi
command -v mmdebstrap >/dev/null || { echo "missing: mmdebstrap" >&2; exit 77; }
jsign="$(bash "$root/test/interop/signing/fetch-jsign.sh")"
[ -f "$root/dist/cli/main.js" ] || (cd "$root" && node scripts/build.mjs --no-types)

system="${1:-}"
if [ -z "$system" ]; then
  work="$(mktemp -d /tmp/debian-13-XXXXXX)"
  trap 'rm -rf "$work"' EXIT
  system="$work/root"
  nice mmdebstrap --quiet --variant=minbase --mode=root \
    --include=nodejs,ca-certificates,pcscd,vsmartcard-vpcd,ykcs11,yubico-piv-tool,yubikey-manager,opensc,gnutls-bin,openssl,iproute2,util-linux,procps,python3,python3-venv,osslsigncode,libengine-pkcs11-openssl,pkcs11-provider,poppler-utils,libnss3-tools,default-jdk-headless \
    trixie "$system" http://deb.debian.org/debian
fi
chroot "$system" dpkg-query -W -f '${Package} ${Version}\n' nodejs pcscd ykcs11 yubikey-manager opensc openssl pkcs11-provider poppler-utils

# What these state of the libykcs11 of Debian 12 is not so with 2.7: AES management keys, policies.
other_versions='with AES only after it was changed to TDES|with an AES management key says what this libykcs11 cannot'
other_versions+='|a policy that this version of libykcs11 cannot set'
export root system
# inside SCRIPT [OPTION OF unshare...]: in the root, with this clone as /work.
inside() {
  local script="$1"
  shift
  unshare --mount "$@" --pid --fork --kill-child bash -c '
    set -e
    mount --make-rprivate /
    mount --bind "$system" "$system"
    mount --rbind /dev "$system/dev"
    mount -t proc proc "$system/proc"
    mount -t sysfs sysfs "$system/sys"
    mount -t tmpfs tmpfs "$system/tmp"
    mkdir -p "$system/work"
    mount --bind "$root" "$system/work"
    # Whom the host trusts: it may fetch from registries through a mirror of its own.
    [ ! -f /etc/ssl/certs/ca-certificates.crt ] || mount --bind /etc/ssl/certs/ca-certificates.crt "$system/etc/ssl/certs/ca-certificates.crt"
    ip link set lo up
    exec chroot "$system" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin CI=1 sh -c "cd /work && $1"' \
    inside "$script"
}
tests="node dist/cli/main.js demo --device yubikey && node_modules/.bin/vitest run test/piv-card test/pkcs11/yubikey test/enrollment/yubikey.test.ts"
inside "$tests -t '^(?!.*($other_versions)).*\$'" --net
inside 'node_modules/.bin/vitest run --config test/interop/vitest.config.ts test/interop/debian-13' --net
# With the host's network, for Python's packages; jsign comes from the host.
install -D "$jsign" "$system/root/.cache/hsm-enroll-interop/$(basename "$jsign")"
inside 'bash test/interop/signing/sign.sh'
echo "debian-13: the YubiKey double and family as expected, and programs of others sign as printed"
