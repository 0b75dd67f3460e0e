#!/usr/bin/env bash
# pkijs 4.0.0 (npm), read by cryptography 50.0.0 (PyPI) and certtool of GnuTLS 3.7.9 (Debian gnutls-bin)
#
# A CertificationRequest that is given no attributes is written without the element `attributes [0]`. RFC 2986 4.1 does
# not make that element optional: an empty set is A0 00. pkijs verifies its own request, OpenSSL does too; cryptography
# and GnuTLS do not load it. With `attributes: []` pkijs writes A0 00 and everybody reads the request.
#
# Seen 2026-11-29:
#   default: cryptography refuses (ShortData in CertificationRequestInfo::attributes), certtool refuses (Error in TAG)
#   attributes []: both read it
#
# Why it matters here: the device signs the request once. A CA whose parser is strict refuses it after the key exists.
set -euo pipefail
command -v certtool >/dev/null || { echo "needs certtool (Debian: gnutls-bin)"; exit 3; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null; npm install --silent --no-audit --no-fund pkijs@4.0.0 asn1js@4.0.0 >/dev/null
python3 -m venv py; py/bin/pip install -q --disable-pip-version-check cryptography==50.0.0
cat > make.mjs <<'JS'
import { webcrypto } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Utf8String } from 'asn1js'
import { AttributeTypeAndValue, CertificationRequest, CryptoEngine, setEngine } from 'pkijs'
setEngine('node', new CryptoEngine({ crypto: webcrypto }))
const { privateKey, publicKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
for (const [name, attributes] of Object.entries({ default: undefined, empty: [] })) {
  const request = new CertificationRequest()
  request.subject.typesAndValues.push(new AttributeTypeAndValue({ type: '2.5.4.3', value: new Utf8String({ value: 'Example' }) }))
  await request.subjectPublicKeyInfo.importKey(publicKey)
  if (attributes !== undefined) request.attributes = attributes
  await request.sign(privateKey, 'SHA-256')
  if (!(await request.verify())) throw new Error('pkijs does not verify its own request')
  writeFileSync(`${name}.der`, Buffer.from(request.toSchema(true).toBER()))
}
JS
node make.mjs
loads() { py/bin/python -c "import sys; from cryptography import x509; x509.load_der_x509_csr(open(sys.argv[1], 'rb').read())" "$1" 2>>log; }
reads() { certtool --crq-info --inder --infile "$1" >/dev/null 2>>log; }
openssl req -inform DER -in default.der -verify -noout 2>&1 | grep -q 'verify OK' || { echo "changed: OpenSSL"; exit 1; }
if loads default.der; then echo "changed: cryptography loads it, or pkijs writes the element"; exit 1; fi
if reads default.der; then echo "changed: certtool reads it"; exit 1; fi
loads empty.der && reads empty.der || { echo "changed: the request with an empty set is refused"; cat log; exit 1; }
echo "as seen: without attributes refused by cryptography and GnuTLS, with an empty list read"
