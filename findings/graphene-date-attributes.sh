#!/usr/bin/env bash
# graphene-pk11 2.3.6 with pkcs11js 2.1.7 (npm), on SoftHSM 2.6.1 (Debian softhsm2)
#
# A date attribute (CKA_START_DATE, CKA_END_DATE) can be written and never read: getAttribute throws a TypeError, as it
# treats the placeholder of the question as a date. pkcs11js below it reads the date.
#
# Seen 2026-11-29:
#   getAttribute('startDate') of a certificate created with a date: TypeError "... reading 'toLocaleDateString'"
#   C_GetAttributeValue through pkcs11js of the same object: 20261231
#
# Why it matters here: a list of a token's certificates must not ask for dates this way; one attribute fails the list.
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
const empty = Buffer.from('3000', 'hex')
const certificate = session.create({
  class: graphene.ObjectClass.CERTIFICATE,
  certType: graphene.CertificateType.X_509,
  token: false,
  subject: empty,
  value: empty,
  startDate: new Date(2026, 11, 31, 12),
})
try {
  console.log('read', certificate.getAttribute('startDate'))
} catch (error) {
  console.log(error.constructor.name, /toLocaleDateString/.test(error.message))
}
console.log('raw', module_.lib.C_GetAttributeValue(session.handle, certificate.handle, [{ type: 0x110 }])[0].value.toString())
module_.finalize()
JS
seen=$(node read.cjs | tr '\n' ';'); echo "$seen"
[ "$seen" = "TypeError true;raw 20261231;" ] || { echo "changed"; exit 1; }
