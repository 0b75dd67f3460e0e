#!/usr/bin/env bash
# graphene-pk11 2.3.6 with pkcs11js 2.1.7 (npm), on SoftHSM 2.6.1 (Debian softhsm2), a 64-bit system
#
# CK_UNAVAILABLE_INFORMATION, one value in PKCS#11, comes back as two: a token's memory is the bigint 18446744073709551615,
# its count of sessions and the mechanism that generated a key are the number 4294967295, cut to 32 bits. JSON.stringify
# of the token throws because of the first ("Do not know how to serialize a BigInt").
#
# Seen 2026-11-30, a token, and a P-256 key that was imported:
#   memory 18446744073709551615 bigint · sessions 4294967295 number · mechanism 4294967295 number · JSON TypeError
#
# Why it matters here: "no mechanism generated it" is the mark of an imported key. Compared with the value of the
# header, ~0UL, it never matches; and 4294967295 alone could be a vendor's mechanism.
set -euo pipefail
for program in softhsm2-util openssl; do command -v $program >/dev/null || { echo "needs $program (Debian: softhsm2, openssl)"; exit 3; }; done
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
mkdir tokens; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem 2>/dev/null
softhsm2-util --import key.pem --token t --label k --id 01 --pin 1234 >/dev/null
echo '{ "allowScripts": { "pkcs11js": true } }' > package.json
npm install --silent --no-audit --no-fund graphene-pk11@2.3.6 pkcs11js@2.1.7 >/dev/null
cat > read.cjs <<'JS'
const graphene = require('graphene-pk11')
const module_ = graphene.Module.load('/usr/lib/softhsm/libsofthsm2.so', 'SoftHSM')
module_.initialize()
const slot = module_.getSlots(0)
const session = slot.open(graphene.SessionFlag.SERIAL_SESSION)
session.login('1234')
const token = slot.getToken()
const { mechanism } = session.find({ class: graphene.ObjectClass.PRIVATE_KEY }).items(0).toType()
for (const value of [token.totalPublicMemory, token.sessionCount, mechanism]) console.log(`${value} ${typeof value}`)
try {
  console.log(typeof JSON.stringify({ memory: token.totalPublicMemory }))
} catch (error) {
  console.log(error.name)
}
module_.finalize()
JS
seen=$(node read.cjs | tr '\n' ';'); echo "$seen"
[ "$seen" = "18446744073709551615 bigint;4294967295 number;4294967295 number;TypeError;" ] || { echo "changed"; exit 1; }
