#!/usr/bin/env bash
# pkijs 4.0.0 (npm), read by cryptography 50.0.0 (PyPI) and certtool of GnuTLS 3.7.9 (Debian gnutls-bin)
#
# The attributes of a CertificationRequest are a SET OF, which DER sorts by encoding (X.690 11.6). pkijs writes and signs
# them in the order of the array. Readers part three ways: OpenSSL verifies the request, cryptography does not load it,
# GnuTLS loads it, sorts it, and then calls the valid signature wrong.
#
# Seen 2026-11-29, challengePassword and extensionRequest, both orders:
#   sorted: all verify · unsorted: OpenSSL verifies, cryptography InvalidSetOrdering, certtool "signature: FAILED"
#
# Why it matters here: a request with two attributes is accepted or refused by the order in which code pushed them.
set -euo pipefail
command -v certtool >/dev/null || { echo "needs certtool (Debian: gnutls-bin)"; exit 3; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null; npm install --silent --no-audit --no-fund pkijs@4.0.0 asn1js@4.0.0 >/dev/null
python3 -m venv py; py/bin/pip install -q --disable-pip-version-check cryptography==50.0.0
cat > make.mjs <<'JS'
import { webcrypto } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Utf8String } from 'asn1js'
import { Attribute, AttributeTypeAndValue, CertificationRequest, CryptoEngine, Extension, Extensions, setEngine } from 'pkijs'
setEngine('node', new CryptoEngine({ crypto: webcrypto }))
const { privateKey, publicKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
const keyUsage = new Extension({ extnID: '2.5.29.15', critical: true, extnValue: new Uint8Array([3, 2, 7, 128]).buffer })
const extensions = new Attribute({ type: '1.2.840.113549.1.9.14', values: [new Extensions({ extensions: [keyUsage] }).toSchema()] })
const password = new Attribute({ type: '1.2.840.113549.1.9.7', values: [new Utf8String({ value: 'x' })] })
for (const [name, attributes] of Object.entries({ sorted: [password, extensions], unsorted: [extensions, password] })) {
  const request = new CertificationRequest()
  request.subject.typesAndValues.push(new AttributeTypeAndValue({ type: '2.5.4.3', value: new Utf8String({ value: 'Example' }) }))
  await request.subjectPublicKeyInfo.importKey(publicKey)
  request.attributes = attributes
  await request.sign(privateKey, 'SHA-256')
  writeFileSync(`${name}.der`, Buffer.from(request.toSchema(true).toBER()))
}
JS
node make.mjs
cat > read.py <<'PY'
import sys
from cryptography import x509
try:
    print('valid' if x509.load_der_x509_csr(open(sys.argv[1], 'rb').read()).is_signature_valid else 'invalid')
except ValueError as error:
    print('InvalidSetOrdering' if 'InvalidSetOrdering' in str(error) else error)
PY
seen=""
for name in sorted unsorted; do
  openssl=$(openssl req -inform DER -in $name.der -verify -noout 2>&1 | grep -c 'verify OK' || true)
  gnutls=$(certtool --crq-info --inder --infile $name.der 2>&1 | sed -n 's/^Self signature: *//p')
  seen+="$name: OpenSSL $openssl, cryptography $(py/bin/python read.py $name.der), GnuTLS $gnutls; "
done
echo "$seen"
[ "$seen" = "sorted: OpenSSL 1, cryptography valid, GnuTLS verified; unsorted: OpenSSL 1, cryptography InvalidSetOrdering, GnuTLS FAILED; " ] || { echo "changed"; exit 1; }
