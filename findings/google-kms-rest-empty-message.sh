#!/usr/bin/env bash
# @google-cloud/kms 5.7.0 with google-gax 5.0.8 (npm), over REST (`fallback: true`)
#
# A request whose body is a message without a set field is sent as the JSON text `""`, a string, instead of `{}`. A key ring
# has no field to set, so createKeyRing cannot work over REST: a server that reads JSON messages finds a string there.
# createCryptoKey, whose body has fields, sends an object.
#
# Seen 2026-11-29: createKeyRing sends "" · createCryptoKey sends {"labels":{},"purpose":5}
#
# Why it matters here: whoever prepares a Cloud HSM key ring with Google's own client over REST (gRPC does not pass every
# proxy) meets a server that cannot read the request; neither rights nor names are wrong then.
set -euo pipefail
for program in node npm openssl; do command -v $program >/dev/null || { echo "needs $program"; exit 3; }; done
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @google-cloud/kms@5.7.0 google-gax@5.0.8 >/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem 2>/dev/null
cat > seen.cjs <<'JS'
const { createServer } = require('node:http')
const { readFileSync, writeFileSync } = require('node:fs')
const { KeyManagementServiceClient } = require('@google-cloud/kms')
writeFileSync('account.json', JSON.stringify({
  type: 'service_account', project_id: 'p', private_key_id: 'k', client_id: '1',
  client_email: 'a@p.iam.gserviceaccount.com', token_uri: 'http://127.0.0.1:1/token',
  private_key: readFileSync('key.pem', 'utf8'),
}))
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (part) => (body += part)).on('end', () => {
    console.log(request.url.split('?')[0].split('/').at(-1), body)
    response.setHeader('content-type', 'application/json')
    response.end('{}')
  })
}).listen(0, '127.0.0.1', async () => {
  const { port } = server.address()
  const client = new KeyManagementServiceClient({
    fallback: true, apiEndpoint: '127.0.0.1', port, protocol: 'http', keyFilename: 'account.json',
  })
  const parent = 'projects/p/locations/l'
  await client.createKeyRing({ parent, keyRingId: 'r', keyRing: {} })
  await client.createCryptoKey({ parent: `${parent}/keyRings/r`, cryptoKeyId: 'c', cryptoKey: { purpose: 'ASYMMETRIC_SIGN' } })
  process.exit()
})
JS
timeout 60 node seen.cjs > seen; cat seen
grep -qx 'keyRings ""' seen || { echo "changed: createKeyRing"; exit 1; }
grep -qx 'cryptoKeys {"labels":{},"purpose":5}' seen || { echo "changed: createCryptoKey"; exit 1; }
