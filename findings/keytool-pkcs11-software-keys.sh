#!/usr/bin/env bash
# keytool of OpenJDK 17.0 (Debian openjdk-17), SunPKCS11 on SoftHSM 2.6.1 (Debian softhsm2)
#
# `keytool -genkeypair` into a PKCS#11 keystore, with the provider that -addprovider loads, generates an RSA key in the
# memory of the Java process and imports it: CKA_LOCAL is false. So is an EC key whose size is given as -keysize; given
# as -groupname, the same key is generated on the token. With -providerName as well, RSA is generated on the token, too.
# Nothing that keytool prints tells one from the other.
#
# Seen 2026-11-30:
#   RSA: imported · RSA with -providerName: on the token · EC -keysize 256: imported · EC -groupname secp256r1: on the token
#
# Why it matters here: an attestation says of such a key that it was imported, and a CA refuses it after the order was
# paid. A key that was "generated in the HSM with keytool" has to be judged like any other.
set -euo pipefail
for program in keytool softhsm2-util pkcs11-tool; do command -v $program >/dev/null || { echo "needs $program (Debian: default-jdk-headless, softhsm2, opensc)"; exit 3; }; done
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
module=/usr/lib/softhsm/libsofthsm2.so
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
printf 'name = soft\nlibrary = %s\nslotListIndex = 0\n' $module > java.cfg
generate() { # what keytool is told; a token of its own for each key
  rm -rf tokens; mkdir tokens
  softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
  keytool -genkeypair -alias k -dname CN=Test -keystore NONE -storetype PKCS11 -storepass 1234 -addprovider SunPKCS11 -providerArg java.cfg "$@" >/dev/null 2>&1
  case "$(pkcs11-tool --module $module --login --pin 1234 --list-objects --type privkey 2>/dev/null | grep 'Access:')" in
    *local*) printf 'on the token;' ;;
    *none*) printf 'imported;' ;;
    *) printf 'no key;' ;;
  esac
}
seen=$(generate -keyalg RSA -keysize 2048; generate -keyalg RSA -keysize 2048 -providerName SunPKCS11-soft
  generate -keyalg EC -keysize 256; generate -keyalg EC -groupname secp256r1)
echo "$seen"
[ "$seen" = "imported;on the token;imported;on the token;" ] || { echo "changed"; exit 1; }
