#!/usr/bin/env bash
# pkcs11-provider 1.0 (Debian 13 pkcs11-provider 1.0-3) with OpenSSL 3.5, on SoftHSM 2.6.1 (Debian softhsm2) behind p11-kit 0.25
#
# A key that asks for the PIN before every signature (CKA_ALWAYS_AUTHENTICATE, as in a YubiKey's slot 9c) does not sign by
# `-inkey 'pkcs11:…?pin-source=file:…'` without a terminal: the PIN of the URI is used for the login alone, and the one of the
# signature is prompted for. With `pkcs11-module-token-pin` in openssl.cnf, the same URI signs.
#
# Seen 2026-11-29:
#   asks once: URI signs · asks each time: URI fails, "Enter PIN for PKCS#11 Token" · asks each time, with openssl.cnf: signs
#
# Why it matters here: what `signing-config --for openssl` prints has to sign unattended; for such keys it prints an openssl.cnf.
set -euo pipefail
for program in openssl softhsm2-util pkcs11-tool p11-kit setsid; do command -v $program >/dev/null || { echo "needs $program (Debian 13: openssl, softhsm2, opensc, p11-kit, util-linux)"; exit 3; }; done
ls /usr/lib/*/ossl-modules/pkcs11.so >/dev/null 2>&1 || { echo "needs pkcs11-provider (Debian 13)"; exit 3; }
client=$(ls /usr/lib/*/pkcs11/p11-kit-client.so 2>/dev/null) || { echo "needs p11-kit-client.so (Debian: p11-kit-modules)"; exit 3; }
server=; dir=$(mktemp -d); trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT; cd "$dir"
module=/usr/lib/softhsm/libsofthsm2.so
mkdir tokens; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
generate() { pkcs11-tool --module "$module" --login --pin 1234 --keypairgen --key-type EC:prime256v1 "$@" >/dev/null 2>&1; }
generate --id 01; generate --id 02 --always-auth
echo 1234 > pin; echo document > document
p11-kit server --foreground --name "$dir/socket" --provider "$module" pkcs11:token=t >/dev/null & server=$!
until [ -S socket ]; do kill -0 $server; sleep 0.1; done
export P11_KIT_SERVER_ADDRESS="unix:path=$dir/socket" PKCS11_PROVIDER_MODULE="$client"
cat > openssl.cnf <<CNF
openssl_conf = init
[init]
providers = list
[list]
default = default_sect
pkcs11 = pkcs11_sect
[default_sect]
activate = 1
[pkcs11_sect]
activate = 1
pkcs11-module-token-pin = file:$dir/pin
CNF
sign() { # ID OPTION...: what came of it
  local id=$1; shift
  if setsid --wait openssl pkeyutl "$@" -sign -rawin -digest sha256 -in document -out signature \
    -inkey "pkcs11:token=t;id=%$id;type=private?pin-source=file:$dir/pin" </dev/null >said 2>&1; then echo signs
  elif grep -q 'Enter PIN for PKCS#11 Token' said; then echo asks
  else cat said >&2; echo fails; fi
}
once=$(sign 01 -provider default -provider pkcs11)
each=$(sign 02 -provider default -provider pkcs11)
configured=$(OPENSSL_CONF=openssl.cnf sign 02)
echo "asks once: $once · asks each time: $each · asks each time, with openssl.cnf: $configured"
[ "$once $each $configured" = "signs asks signs" ] || { echo "changed"; exit 1; }
