// npm @google-cloud/kms over REST ("fallback"): a life of three keys in Cloud KMS. Arguments: endpoint, credentials file, folder.
// Leaves for each key its attestation, the chains and the public key as the client returned them: NAME.attestation, .chains, .key.
import { strict as assert } from 'node:assert'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KeyManagementServiceClient } from '@google-cloud/kms'

const [endpoint = '', keyFilename = '', folder = ''] = process.argv.slice(2)
const { hostname, port, protocol } = new URL(endpoint)
const client = new KeyManagementServiceClient({
  fallback: true,
  apiEndpoint: hostname,
  port: Number(port),
  protocol: protocol.replace(':', ''),
  keyFilename,
})

/** Castagnoli's polynomial, reflected: the client leaves it to its user. */
function crc32c(octets) {
  let crc = 0xffffffff
  for (const octet of octets) {
    crc ^= octet
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

const location = client.locationPath('hsm-enroll-sandbox', 'europe-west4')
// A message without a member goes out as `""`, which no service takes for a message (google-gax 5.0.8): rings are made elsewhere.
await assert.rejects(client.createKeyRing({ parent: location, keyRingId: 'node' }), { code: 400 })
const ring = { name: client.keyRingPath('hsm-enroll-sandbox', 'europe-west4', 'signing') }
const [rings] = await client.listKeyRings({ parent: location })
assert(rings.some(({ name }) => name === ring.name))

async function enabled(name) {
  for (;;) {
    const [version] = await client.getCryptoKeyVersion({ name })
    if (version.state !== 'PENDING_GENERATION') return version
  }
}

const KEYS = {
  EC_SIGN_P256_SHA256: 'sha256',
  EC_SIGN_P384_SHA384: 'sha384',
  RSA_SIGN_PKCS1_3072_SHA256: 'sha256',
}
for (const [algorithm, hash] of Object.entries(KEYS)) {
  const cryptoKeyId = algorithm.toLowerCase()
  const cryptoKey = { purpose: 'ASYMMETRIC_SIGN', versionTemplate: { protectionLevel: 'HSM', algorithm } }
  const [key] = await client.createCryptoKey({ parent: ring.name, cryptoKeyId, cryptoKey })
  assert.equal(key.purpose, 'ASYMMETRIC_SIGN')
  const version = await enabled(`${key.name}/cryptoKeyVersions/1`)
  assert.equal(version.state, 'ENABLED')
  assert.equal(version.attestation.format, 'CAVIUM_V2_COMPRESSED')

  const [publicKey] = await client.getPublicKey({ name: version.name })
  assert.equal(Number(publicKey.pemCrc32c.value), crc32c(Buffer.from(publicKey.pem)))
  const [der] = await client.getPublicKey({ name: version.name, publicKeyFormat: 'DER' })
  const spki = createPublicKey(publicKey.pem).export({ type: 'spki', format: 'der' })
  assert.deepEqual(Buffer.from(der.publicKey.data), spki)

  const data = Buffer.from('a document')
  const digest = createHash(hash).update(data).digest()
  const asked = { name: version.name, digest: { [hash]: digest }, digestCrc32c: { value: crc32c(digest) } }
  const [signed] = await client.asymmetricSign(asked)
  assert(signed.verifiedDigestCrc32c)
  assert.equal(Number(signed.signatureCrc32c.value), crc32c(signed.signature))
  assert(verify(hash, data, publicKey.pem, signed.signature))
  const other = { name: version.name, digest: { sha512: createHash('sha512').update(data).digest() } }
  await assert.rejects(client.asymmetricSign(other), { code: 400 })
  await assert.rejects(client.createCryptoKey({ parent: ring.name, cryptoKeyId, cryptoKey }), { code: 409 })

  const [updated] = await client.updateCryptoKey({
    cryptoKey: { name: key.name, labels: { run: 'node' } },
    updateMask: { paths: ['labels'] },
  })
  assert.deepEqual(updated.labels, { run: 'node' })

  const { content, certChains } = version.attestation
  writeFileSync(join(folder, `${algorithm}.attestation`), content)
  writeFileSync(join(folder, `${algorithm}.chains`), Object.values(certChains).flat().join(''))
  writeFileSync(join(folder, `${algorithm}.key`), publicKey.pem)

  const [full] = await client.listCryptoKeyVersions({ parent: key.name, view: 'FULL' })
  const [basic] = await client.listCryptoKeyVersions({ parent: key.name })
  assert.deepEqual(Buffer.from(full[0].attestation.content), Buffer.from(content))
  assert.equal(basic[0].attestation, null)
  const [destroyed] = await client.destroyCryptoKeyVersion({ name: version.name })
  assert.equal(destroyed.state, 'DESTROY_SCHEDULED')
  assert(destroyed.destroyTime.seconds > 0)
}

// One key a page.
const names = []
for await (const key of client.listCryptoKeysAsync({ parent: ring.name, pageSize: 1 }, { autoPaginate: false }))
  names.push(key.name)
assert.equal(names.length, 3)
await assert.rejects(client.getCryptoKey({ name: `${ring.name}/cryptoKeys/none` }), { code: 404 })
