#!/usr/bin/env bash
# pkcs11-tool of OpenSC 0.23.0 (Debian 12 opensc 0.23.0-0.3+deb12u2), on SoftHSM 2.6.1 (Debian softhsm2)
#
# `pkcs11-tool --read-object --type pubkey` does not read a P-384 public key from any token: "error: cannot create EVP_PKEY",
# exit code 1, no file. Keys on P-256 and P-521 of the same token are read, and OpenSSL takes what was written. OpenSC 0.26.1
# (Debian 13) reads all three.
#
# Seen 2026-11-29: P-256 read · P-384 "cannot create EVP_PKEY" · P-521 read
#
# Why it matters here: P-384 is one of the two curves for document signing, and whoever looks whether a token holds the enrolled
# key does it so; the hardware tests of yubihsm-shell do, too, and end there.
set -euo pipefail
for program in softhsm2-util pkcs11-tool openssl; do command -v $program >/dev/null || { echo "needs $program (Debian: softhsm2, opensc, openssl)"; exit 3; }; done
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
module=/usr/lib/softhsm/libsofthsm2.so
mkdir tokens; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
try() { # ID CURVE: what reading its public key comes to
  pkcs11-tool --module $module --login --pin 1234 --keypairgen --key-type "EC:$2" --id "$1" --label "key$1" >/dev/null 2>&1
  if pkcs11-tool --module $module --read-object --type pubkey --id "$1" --output-file "$1.der" >said 2>&1; then
    openssl pkey -pubin -inform DER -in "$1.der" -noout && echo read
  elif grep -q 'cannot create EVP_PKEY' said; then echo refused
  else cat said >&2; echo failed; fi
}
seen="P-256 $(try 01 prime256v1) · P-384 $(try 02 secp384r1) · P-521 $(try 03 secp521r1)"
echo "$seen"
[ "$seen" = "P-256 read · P-384 refused · P-521 read" ] || { echo "changed"; exit 1; }
