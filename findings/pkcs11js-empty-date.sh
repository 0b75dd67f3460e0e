#!/usr/bin/env bash
# pkcs11js 2.1.7 (npm), on SoftHSM 2.6.1 (Debian softhsm2)
#
# The default of CKA_START_DATE and CKA_END_DATE is empty (PKCS#11, storage objects and keys). The module answers length
# 0 with CKR_OK; pkcs11js turns that into a TypeError, "has wrong length. Should be 8, but is 0", and the other attributes
# of the same call are lost with it.
#
# Seen 2026-11-29, CKA_LABEL and CKA_START_DATE of a certificate without dates: TypeError; CKA_LABEL alone is read
#
# Why it matters here: attributes that may be empty must be asked for one by one, or a readable key looks unreadable.
set -euo pipefail
[ -e /usr/lib/softhsm/libsofthsm2.so ] || { echo "needs SoftHSM (Debian: softhsm2)"; exit 3; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
mkdir tokens; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
echo '{ "allowScripts": { "pkcs11js": true } }' > package.json
npm install --silent --no-audit --no-fund pkcs11js@2.1.7 >/dev/null
cat > read.cjs <<'JS'
const { PKCS11 } = require('pkcs11js')
const CKA_CLASS = 0x0, CKA_TOKEN = 0x1, CKA_LABEL = 0x3, CKA_VALUE = 0x11, CKA_CERTIFICATE_TYPE = 0x80, CKA_SUBJECT = 0x101, CKA_START_DATE = 0x110
const CKO_CERTIFICATE = 1
const module_ = new PKCS11()
module_.load('/usr/lib/softhsm/libsofthsm2.so')
module_.C_Initialize()
const session = module_.C_OpenSession(module_.C_GetSlotList(true)[0], 6)
module_.C_Login(session, 1, '1234')
const empty = Buffer.from('3000', 'hex')
const object = module_.C_CreateObject(session, [
  { type: CKA_CLASS, value: CKO_CERTIFICATE },
  { type: CKA_CERTIFICATE_TYPE, value: 0 },
  { type: CKA_TOKEN, value: false },
  { type: CKA_LABEL, value: 'undated' },
  { type: CKA_SUBJECT, value: empty },
  { type: CKA_VALUE, value: empty },
])
for (const types of [[CKA_LABEL], [CKA_LABEL, CKA_START_DATE]]) {
  try {
    console.log(module_.C_GetAttributeValue(session, object, types.map((type) => ({ type })))[0].value.toString())
  } catch (error) {
    console.log(error.constructor.name, /Should be 8, but is 0/.test(error.message))
  }
}
module_.C_Finalize()
JS
seen=$(node read.cjs | tr '\n' ';'); echo "$seen"
[ "$seen" = "undated;TypeError true;" ] || { echo "changed"; exit 1; }
