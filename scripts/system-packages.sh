#!/usr/bin/env bash
# Installs the Debian packages that the interop tests drive (pcscd, ykcs11, p11-kit, SoftHSM2, ...) where this can be
# done without asking: Debian, root, apt. Elsewhere it says which are missing; the tests that need them say so too.
set -euo pipefail
packages=(
  openssl curl python3 python3-venv iproute2
  pcscd vsmartcard-vpcd ykcs11 yubico-piv-tool yubikey-manager opensc
  softhsm2 p11-kit p11-kit-modules gnutls-bin minisign
  man-db zsh fish systemd prometheus postgresql
)
# Any Java will do.
command -v keytool >/dev/null || packages+=(default-jre-headless)
missing=()
command -v dpkg-query >/dev/null || { echo "not a Debian system: interop tests run only where their programs are found" >&2; exit 0; }
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then exit 0; fi
if [ "$(id -u)" -ne 0 ]; then
  echo "missing Debian packages (install them to run every interop test): ${missing[*]}" >&2
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
