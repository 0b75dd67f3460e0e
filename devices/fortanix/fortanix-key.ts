import { createPublicKey, verify } from 'node:crypto'
import { type Attestation, DeviceError, type DeviceKey, type HashName, type KeyAttributes } from '../device.ts'
import { JsonFields, protocolError } from '../http/json-fields.ts'
import { HASH_ALGORITHMS, RSA_SIGNATURE_MODE } from './algorithms.ts'
import type { Approvals } from './approval.ts'
import type { DsmClient, DsmRequest } from './dsm-client.ts'
import { asksForApproval, dsmError } from './dsm-error.ts'
import { readKeyAttestation } from './key-attestation.ts'
import { attributesOf, refuseUnsuitable, type Sobject } from './sobject.ts'

/** A key pair in DSM. `location` is its UUID. */
export class FortanixKey implements DeviceKey {
  readonly location: string
  readonly name: string
  readonly groupId: string | undefined
  readonly publicKey: Uint8Array
  readonly attributes: KeyAttributes
  readonly #rsa: boolean
  readonly #client: DsmClient
  readonly #approvals: Approvals

  /** Throws DeviceError where the key cannot be enrolled (exportable, imported, elsewhere, …). */
  constructor(sobject: Sobject, client: DsmClient, approvals: Approvals) {
    refuseUnsuitable(sobject)
    if (sobject.publicKey === undefined) throw protocolError('the security object has no pub_key')
    this.location = sobject.kid
    this.name = sobject.name
    this.groupId = sobject.groupId
    this.publicKey = readPublicKey(sobject.publicKey)
    this.attributes = attributesOf(sobject)
    this.#rsa = sobject.objectType === 'RSA'
    this.#client = client
    this.#approvals = approvals
  }

  async sign(hash: HashName, data: Uint8Array): Promise<Uint8Array> {
    const request: DsmRequest = {
      method: 'POST',
      path: '/crypto/v1/sign',
      body: {
        key: { kid: this.location },
        hash_alg: HASH_ALGORITHMS[hash],
        data: Buffer.from(data).toString('base64'),
        ...(this.#rsa ? { mode: RSA_SIGNATURE_MODE } : {}),
      },
      repeatable: true,
    }
    const signature = readSignature(await this.#carryOut(request), this.location)
    const key = createPublicKey({ key: Buffer.from(this.publicKey), format: 'der', type: 'spki' })
    if (!verify(hash.replace('-', '').toLowerCase(), data, key, signature)) {
      throw new DeviceError('device.protocol', 'DSM returned a signature that does not verify with the public key.', {
        remedy: 'Check that the signing policy of key and group allows PKCS#1 v1.5, then resume the run.',
      })
    }
    return signature
  }

  async attest(): Promise<Attestation> {
    const { redaction } = this.#client.http
    const reply = await this.#client.call({
      method: 'POST',
      path: '/crypto/v1/keys/key_attestation',
      body: { key: { kid: this.location } },
      repeatable: true,
    })
    if ([400, 404, 405, 501].includes(reply.status)) {
      const said = reply.text(redaction)
      throw new DeviceError(
        'key.not-attestable',
        `DSM does not attest the key ${this.location}: HTTP ${reply.status} "${said}".`,
        {
          remedy: 'Key attestation is documented for DSM SaaS clusters; ask Fortanix whether this cluster offers it.',
          vendorCode: `HTTP ${reply.status}`,
        },
      )
    }
    if (!reply.ok) throw dsmError('KeyAttestation', 'attest the key', reply, redaction)
    return readKeyAttestation(reply.json(), reply.body, this.publicKey)
  }

  async #carryOut(request: DsmRequest): Promise<unknown> {
    const { redaction } = this.#client.http
    const reply = await this.#client.call(request)
    if (reply.ok) return reply.json()
    if (!asksForApproval(reply, redaction)) throw dsmError('Sign', 'sign with the key', reply, redaction)
    const result = await this.#approvals.carryOut(request, `signing with ${this.location}`)
    if (result.status < 200 || result.status >= 300) {
      const said = redaction.clean(typeof result.body === 'string' ? result.body : '')
      throw new DeviceError('device.refused', `The approved signature failed: HTTP ${result.status} "${said}".`, {
        remedy: 'Check key and group policy in DSM, then resume the run.',
        vendorCode: `HTTP ${result.status}`,
      })
    }
    return result.body
  }
}

function readSignature(json: unknown, kid: string): Buffer {
  const fields = new JsonFields(json, 'the signature')
  const named = fields.optionalText('kid')
  if (named !== undefined && named.toLowerCase() !== kid) throw protocolError('the signature is by another key')
  return Buffer.from(fields.bytes('signature'))
}

/** Re-encoded by Node, which refuses what is no public key. */
export function readPublicKey(spki: Uint8Array): Uint8Array {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    return new Uint8Array(key.export({ type: 'spki', format: 'der' }))
  } catch {
    throw protocolError('pub_key of the security object is not a SubjectPublicKeyInfo')
  }
}
