#!/usr/bin/env bash
# SunPKCS11 of OpenJDK 17.0 (keytool, jarsigner, jsign), on SoftHSM 2.6.1 (Debian softhsm2)
#
# The alias of an entry is the CKA_LABEL of its certificate only as long as no other certificate of the token has that
# label. When a second one is stored, under another CKA_ID and of another key, the alias of the first disappears:
# both are called LABEL/ISSUER/SERIAL, with the issuer in small letters.
#
# Seen 2026-11-29:
#   one certificate: "signing" · after a second of the same label: "signing/cn=signer 01/1" and "signing/cn=signer 02/2"
#
# Why it matters here: a renewed key, or an issuer stored beside the leaf, under the label of the old one breaks every
# configuration that signs by alias, that of the old key included. Labels are not used twice.
set -euo pipefail
for program in keytool softhsm2-util pkcs11-tool certtool openssl; do command -v $program >/dev/null || { echo "needs $program (Debian: default-jdk-headless, softhsm2, opensc, gnutls-bin, openssl)"; exit 3; }; done
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
module=/usr/lib/softhsm/libsofthsm2.so
mkdir tokens; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
printf 'name = soft\nlibrary = %s\nslotListIndex = 0\n' $module > java.cfg
store() { # ID: a key, a certificate of it, both as "signing"
  pkcs11-tool --module $module --login --pin 1234 --keypairgen --key-type EC:prime256v1 --id "$1" --label "key$1" >/dev/null 2>&1
  printf 'cn = "Signer %s"\nexpiration_days = 30\nserial = %s\n' "$1" "$1" > template
  GNUTLS_PIN=1234 certtool --provider $module --generate-self-signed --load-privkey "pkcs11:token=t;id=%$1;type=private" --template template --outfile "$1.pem" 2>/dev/null
  openssl x509 -in "$1.pem" -outform DER -out "$1.der"
  pkcs11-tool --module $module --login --pin 1234 --write-object "$1.der" --type cert --id "$1" --label signing >/dev/null 2>&1
}
aliases() {
  keytool -list -keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg java.cfg -storepass 1234 2>/dev/null |
    grep PrivateKeyEntry | sed 's/, PrivateKeyEntry.*//' | sort | tr '\n' ';'
}
store 01; before=$(aliases)
store 02; after=$(aliases)
echo "$before -> $after"
[ "$before" = "signing;" ] && [ "$after" = "signing/cn=signer 01/1;signing/cn=signer 02/2;" ] || { echo "changed"; exit 1; }
