#!/usr/bin/env bash
# keytool of OpenJDK 17.0 (Debian openjdk-17), p11tool of GnuTLS 3.7.9 and certutil of NSS (Debian gnutls-bin, libnss3-tools), on SoftHSM
# 2.6.1 (Debian softhsm2)
#
# A private key that keytool has the token generate is not CKA_SENSITIVE, and so never CKA_ALWAYS_SENSITIVE, though it is
# CKA_NEVER_EXTRACTABLE: SunPKCS11 does not say what it wants, and the token's default is taken. Keys of p11tool and
# certutil on the same token are sensitive: both ask for it.
#
# Seen 2026-11-30, Access of an EC key of each as pkcs11-tool prints it:
#   keytool "never extractable, local" · p11tool and certutil "sensitive, always sensitive, never extractable, local"
#
# Why it matters here: an attestation repeats these attributes. "Was generated on the device" and "cannot be exported"
# are true of such a key, and a policy that asks for CKA_SENSITIVE refuses it all the same; it cannot be mended
# afterwards, since always-sensitive tells the past.
set -euo pipefail
for program in keytool certutil modutil p11tool softhsm2-util pkcs11-tool; do command -v $program >/dev/null || { echo "needs $program (Debian: default-jdk-headless, libnss3-tools, gnutls-bin, softhsm2, opensc)"; exit 3; }; done
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
module=/usr/lib/softhsm/libsofthsm2.so
mkdir tokens database; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
access() { pkcs11-tool --module $module --login --pin 1234 --list-objects --type privkey 2>/dev/null | sed -n 's/^ *Access: *//p' | sort; }
printf 'name = soft\nlibrary = %s\nslotListIndex = 0\n' $module > java.cfg
keytool -genkeypair -keyalg EC -groupname secp256r1 -alias k -dname CN=Test -keystore NONE -storetype PKCS11 -storepass 1234 \
  -addprovider SunPKCS11 -providerArg java.cfg -providerName SunPKCS11-soft >/dev/null 2>&1
first=$(access)
GNUTLS_PIN=1234 p11tool --provider $module --login --generate-ecc --curve secp256r1 --label k pkcs11:token=t >/dev/null 2>&1
certutil -N -d sql:database --empty-password
modutil -force -dbdir sql:database -add soft -libfile $module >/dev/null 2>&1
echo 1234 > pin; head -c 64 /dev/urandom > noise
certutil -R -d sql:database -h t -k ec -q nistp256 -s CN=Test -f pin -z noise -o request.der >/dev/null 2>&1
all=$(access | tr '\n' ';')
echo "$first -> $all"
sensitive="sensitive, always sensitive, never extractable, local"
[ "$first" = "never extractable, local" ] && [ "$all" = "never extractable, local;$sensitive;$sensitive;" ] || { echo "changed"; exit 1; }
