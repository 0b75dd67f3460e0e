#!/usr/bin/env bash
# graphene-pk11 2.3.6 with pkcs11js 2.1.7 (npm), on SoftHSM 2.6.1 (Debian softhsm2)
#
# CKA_EC_PARAMS has two names, paramsEC and paramsECDSA. Both are taken in a template for key generation, but
# getAttribute({ paramsEC: null }) answers undefined without an error: the value comes back under the other name, and is
# dropped. Read as paramsECDSA the curve is there.
#
# Seen 2026-11-29, public key of a P-256 pair generated with paramsEC:
#   paramsEC undefined · paramsECDSA 06082a8648ce3d030107
#
# Why it matters here: "the module does not tell the curve" and "the wrong name was asked" look the same to a caller
# that decides by it whether a key is one that a CA takes.
set -euo pipefail
[ -e /usr/lib/softhsm/libsofthsm2.so ] || { echo "needs SoftHSM (Debian: softhsm2)"; exit 3; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
mkdir tokens; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
echo '{ "allowScripts": { "pkcs11js": true } }' > package.json
npm install --silent --no-audit --no-fund graphene-pk11@2.3.6 pkcs11js@2.1.7 >/dev/null
cat > read.cjs <<'JS'
const graphene = require('graphene-pk11')
const module_ = graphene.Module.load('/usr/lib/softhsm/libsofthsm2.so', 'SoftHSM')
module_.initialize()
const { SERIAL_SESSION, RW_SESSION } = graphene.SessionFlag
const session = module_.getSlots(0).open(SERIAL_SESSION | RW_SESSION)
session.login('1234')
const paramsEC = graphene.NamedCurve.getByName('secp256r1').value
const { publicKey } = session.generateKeyPair(graphene.KeyGenMechanism.EC, { token: false, verify: true, paramsEC }, { token: false, sign: true })
const hex = (value) => (value === undefined ? 'undefined' : value.toString('hex'))
console.log(`paramsEC ${hex(publicKey.getAttribute({ paramsEC: null }).paramsEC)}`)
console.log(`paramsECDSA ${hex(publicKey.getAttribute({ paramsECDSA: null }).paramsECDSA)}`)
module_.finalize()
JS
seen=$(node read.cjs | tr '\n' ';'); echo "$seen"
[ "$seen" = "paramsEC undefined;paramsECDSA 06082a8648ce3d030107;" ] || { echo "changed"; exit 1; }
