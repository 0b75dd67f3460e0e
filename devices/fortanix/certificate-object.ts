import { createHash, X509Certificate } from 'node:crypto'
import { DeviceError } from '../device.ts'
import { LostReplyError } from '../http/lost-reply-error.ts'
import { replyOrLoss } from '../http/unrepeatable-call.ts'
import type { DsmClient } from './dsm-client.ts'
import { dsmError } from './dsm-error.ts'
import type { FortanixKey } from './fortanix-key.ts'
import type { Sobject } from './sobject.ts'
import { lookUp } from './sobject-lookup.ts'

/** DSM keeps a certificate as an object of its own; the name ties it to the key. */
const certificateName = ({ name }: Pick<FortanixKey, 'name'>): string => `${name} certificate`

export async function readCertificateObject(client: DsmClient, key: FortanixKey): Promise<Uint8Array | undefined> {
  return (await find(client, key))?.value
}

/**
 * Imports the certificate beside its key. PUT /crypto/v1/keys is the call that also imports private keys; here it is made for
 * obj_type CERTIFICATE alone. Throws DeviceError `certificate.exists`, `key.wrong-type` (the certificate is for another key).
 */
export async function storeCertificateObject(
  client: DsmClient,
  key: FortanixKey,
  certificate: Uint8Array,
  replace: boolean,
): Promise<void> {
  refuseOtherKey(key, certificate)
  const present = await find(client, key)
  if (present !== undefined) {
    if (sameBytes(present.value, certificate)) return
    if (!replace) throw exists(key)
    await remove(client, present)
  }
  const reply = await replyOrLoss(
    client.call({
      method: 'PUT',
      path: '/crypto/v1/keys',
      body: {
        name: certificateName(key),
        obj_type: 'CERTIFICATE',
        value: Buffer.from(certificate).toString('base64'),
        group_id: key.groupId,
        custom_metadata: { 'hsm-enroll-key': key.location },
      },
      repeatable: false,
    }),
  )
  if (!(reply instanceof LostReplyError) && reply.ok) return
  if (sameBytes((await find(client, key))?.value, certificate)) return
  throw reply instanceof LostReplyError
    ? reply
    : dsmError('ImportSobject', 'store the certificate', reply, client.http.redaction)
}

async function find(client: DsmClient, key: FortanixKey): Promise<Sobject | undefined> {
  const sobject = await lookUp(client, { name: certificateName(key) }, true)
  if (sobject !== undefined && sobject.objectType !== 'CERTIFICATE') throw exists(key)
  return sobject
}

/** The object that holds the certificate of a key (its SubjectPublicKeyInfo, DER); undefined where another's has the name, or none. */
export async function certificateObjectOf(
  client: DsmClient,
  name: string,
  publicKey: Uint8Array,
): Promise<Sobject | undefined> {
  const sobject = await lookUp(client, { name: certificateName({ name }) }, true)
  if (sobject?.value === undefined || sobject.objectType !== 'CERTIFICATE') return undefined
  return isFor(sobject.value, publicKey) ? sobject : undefined
}

function isFor(certificate: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }).equals(publicKey)
  } catch {
    return false
  }
}

/** The former certificate of a key, and nothing else. */
async function remove(client: DsmClient, sobject: Sobject): Promise<void> {
  const path = `/crypto/v1/keys/${encodeURIComponent(sobject.kid)}`
  const reply = await client.call({ method: 'DELETE', path, repeatable: true })
  if (!reply.ok && reply.status !== 404) {
    throw dsmError('DeleteSobject', 'remove the former certificate', reply, client.http.redaction)
  }
}

function refuseOtherKey(key: FortanixKey, certificate: Uint8Array): void {
  const { publicKey } = new X509Certificate(certificate)
  if (publicKey.export({ type: 'spki', format: 'der' }).equals(key.publicKey)) return
  const digest = createHash('sha256').update(certificate).digest('hex').slice(0, 16)
  throw new DeviceError('key.wrong-type', `The certificate ${digest}… is for another key than ${key.location}.`, {
    remedy: 'Specify the certificate that was issued for this key.',
  })
}

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.from(a).equals(b)

function exists(key: FortanixKey): DeviceError {
  return new DeviceError(
    'certificate.exists',
    `DSM already has another object named "${certificateName(key).slice(0, 80)}".`,
    {
      remedy: 'Request replacement, or delete it in DSM.',
    },
  )
}
