import { createPublicKey } from 'node:crypto'
import { protocolError } from '../http/json-fields.ts'
import { keyAlgorithmOf } from '../key-algorithm.ts'
import { SIGNING_ALGORITHMS } from './algorithms.ts'
import { checkedCall, checksumFits } from './checked-call.ts'
import type { CryptoKeyVersion } from './crypto-key-version.ts'
import type { KmsClient } from './kms-client.ts'

/** SubjectPublicKeyInfo, DER, of the version; name, checksum, algorithm and protection level of the reply are checked. */
export async function getPublicKey(client: KmsClient, version: CryptoKeyVersion): Promise<Uint8Array> {
  const request = {
    call: 'GetPublicKey',
    method: 'GET',
    resource: `${version.name}/publicKey`,
    repeatable: true,
  } as const
  const pem = await checkedCall(client, request, 'read the public key', (reply) => {
    const text = reply.text('pem')
    if (!checksumFits(reply, 'pemCrc32c', Buffer.from(text))) return 'pemCrc32c does not match'
    if (reply.text('name') !== version.name) return 'the response is about another key version'
    if (reply.text('algorithm') !== version.algorithm) return 'the response has another algorithm'
    if (reply.text('protectionLevel') !== version.protectionLevel) return 'the response has another protection level'
    return { text }
  })
  const spki = readSpki(pem.text)
  const expected = SIGNING_ALGORITHMS[version.algorithm]?.keyAlgorithm
  if (expected !== undefined && keyAlgorithmOf(spki) !== expected) {
    throw protocolError(`the public key is not the ${expected} key that ${version.algorithm} means`)
  }
  return spki
}

function readSpki(pem: string): Uint8Array {
  try {
    return new Uint8Array(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
  } catch {
    throw protocolError('the public key cannot be read')
  }
}
