/** The asymmetric keys of a device: listed, and deleted by their object id. */
import { DeviceError, type ListedKey } from '../device.ts'
import { readCertificate } from './certificate-store.ts'
import { deleteObject } from './commands/delete-object.ts'
import { getObjectInfo } from './commands/get-object-info.ts'
import { listObjects } from './commands/list-objects.ts'
import { type KeyContext, ObjectKey } from './object-key.ts'
import { formatObjectId, parseObjectId } from './object-type.ts'

/** Those that share a domain with the authentication key; a key type that is not enrolled is listed without its public key. */
export async function listKeys(context: KeyContext): Promise<readonly ListedKey[]> {
  const listed = await context.session.run(listObjects, { type: 'asymmetric-key' })
  const keys: ListedKey[] = []
  for (const { id } of listed) {
    const { label } = await context.session.run(getObjectInfo, { id, type: 'asymmetric-key' })
    keys.push({ location: formatObjectId(id), label, ...(await readPublicKey(context, id)) })
  }
  return keys
}

async function readPublicKey(context: KeyContext, id: number): Promise<Pick<ListedKey, 'publicKey' | 'unread'>> {
  try {
    return { publicKey: (await ObjectKey.read(context, id)).publicKey }
  } catch (error) {
    if (error instanceof DeviceError && error.code === 'key.wrong-type') return { unread: error.message }
    throw error
  }
}

/**
 * The certificate first: what is interrupted between the two is repeated by its key. What stands under the key's id and is no certificate
 * stays. Throws DeviceError `key.not-found`.
 */
export async function deleteKey(context: KeyContext, location: string, publicKey?: Uint8Array): Promise<void> {
  const { session } = context
  const id = parseObjectId(location)
  if (id === undefined || !(await ObjectKey.exists(context, id)))
    throw notFound(location, 'there is no such key', context)
  if (publicKey !== undefined && !Buffer.from((await ObjectKey.read(context, id)).publicKey).equals(publicKey))
    throw notFound(location, 'another key is in its place', context)
  if (await holdsCertificate(context, id)) await session.run(deleteObject, { id, type: 'opaque' })
  await session.run(deleteObject, { id, type: 'asymmetric-key' })
}

async function holdsCertificate({ session }: KeyContext, id: number): Promise<boolean> {
  try {
    return (await readCertificate(session, id)) !== undefined
  } catch (error) {
    if (error instanceof DeviceError && (error.code === 'certificate.exists' || error.code === 'device.refused'))
      return false
    throw error
  }
}

const notFound = (location: string, why: string, { serial }: KeyContext): DeviceError =>
  new DeviceError(
    'key.not-found',
    `Could not delete the key ${location.slice(0, 40)} of YubiHSM 2 ${serial}: ${why}.`,
    {
      remedy: 'Specify it as `hsm-enroll keys list` prints it, such as 0x1234.',
    },
  )
