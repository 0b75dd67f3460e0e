#!/usr/bin/env bash
# p11tool of GnuTLS 3.7.9 (Debian 12 gnutls-bin) and the engine of libp11 0.4.12 (Debian 12 libengine-pkcs11-openssl), on SoftHSM
# 2.6.1 (Debian softhsm2), seen through pkcs11-spy of OpenSC 0.23.0 (Debian opensc)
#
# A PIN file that `echo` or an editor wrote ends in a line break. Named by pin-source in a PKCS#11 URI, p11tool and the engine
# send it with the line break: CKR_PIN_INCORRECT, a try spent on a token that counts, and another one with every further
# command. OpenSSL's own -passin file: takes the line break off, and the engine asks OpenSSL where the URI has no PIN.
# p11tool also does not know the form that RFC 7512 shows, pin-source=file:/path: "No PIN given"; it wants the bare path,
# which the engine takes, too.
#
# Seen 2026-11-30: the PIN that each sent, in hexadecimal, as below
#
# Why it matters here: `signing-config --for openssl` printed pin-source for the engine, with a PIN file that hsm-enroll reads
# without its line break: three signatures, and the token was locked.
set -euo pipefail
for program in p11tool openssl softhsm2-util pkcs11-tool setsid; do
  command -v $program >/dev/null || { echo "needs $program (Debian 12: gnutls-bin, openssl, softhsm2, opensc, util-linux)"; exit 3; }
done
ls /usr/lib/*/engines-3/pkcs11.so >/dev/null 2>&1 || { echo "needs libengine-pkcs11-openssl (Debian 12)"; exit 3; }
spy=$(ls /usr/lib/*/pkcs11-spy.so /usr/lib/*/pkcs11/pkcs11-spy.so 2>/dev/null | head -n 1)
[ -n "$spy" ] || { echo "needs pkcs11-spy.so (Debian: opensc)"; exit 3; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
module=/usr/lib/softhsm/libsofthsm2.so
mkdir tokens; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
pkcs11-tool --module $module --login --pin 1234 --keypairgen --key-type EC:prime256v1 --label k --id 01 >/dev/null 2>&1
printf 1234 > bare; echo 1234 > broken; echo document > document
export PKCS11SPY=$module PKCS11SPY_OUTPUT="$dir/spy.log" PKCS11_MODULE_PATH="$spy"
key='pkcs11:token=t;object=k;type=private'
sent() { # COMMAND...: the PIN of its first login and what the token said, or that there was none
  rm -f spy.log
  setsid --wait "$@" </dev/null >/dev/null 2>&1 || true
  awk '/: C_Login/ { on = 1 } on && /^ +00000000/ { pin = ""; for (i = 2; i <= NF && $i ~ /^[0-9A-F][0-9A-F]$/; i++) pin = pin $i }
    on && /^Returned/ { print pin, $3; found = 1; exit } END { if (!found) print "no login" }' spy.log
}
engine() { sent openssl dgst -sha256 -engine pkcs11 -keyform engine -sign "$@" -out signature document; }
tool() { sent p11tool --provider "$spy" --batch --login --list-all "pkcs11:token=t?pin-source=$1"; }
{
  echo "p11tool, path, bare: $(tool "$dir/bare")"
  echo "p11tool, path, line break: $(tool "$dir/broken")"
  echo "p11tool, file:, bare: $(tool "file:$dir/bare")"
  echo "engine, path, bare: $(engine "$key?pin-source=$dir/bare")"
  echo "engine, file:, bare: $(engine "$key?pin-source=file:$dir/bare")"
  echo "engine, file:, line break: $(engine "$key?pin-source=file:$dir/broken")"
  echo "engine, -passin, line break: $(engine "$key" -passin "file:$dir/broken")"
} > seen
cat > expected <<'EXPECTED'
p11tool, path, bare: 31323334 CKR_OK
p11tool, path, line break: 313233340A CKR_PIN_INCORRECT
p11tool, file:, bare: no login
engine, path, bare: 31323334 CKR_OK
engine, file:, bare: 31323334 CKR_OK
engine, file:, line break: 313233340A CKR_PIN_INCORRECT
engine, -passin, line break: 31323334 CKR_OK
EXPECTED
cat seen
diff expected seen >/dev/null || { echo "changed"; exit 1; }
