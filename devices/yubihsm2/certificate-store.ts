/** The issued certificate as an opaque X.509 object under its key's id, as Yubico's tools and PKCS#11 module look for it. */

import { X509Certificate } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { DeviceError } from '../device.ts'
import { ALGORITHMS } from './algorithm.ts'
import { deleteObject } from './commands/delete-object.ts'
import { getObjectInfo, type ObjectInfo } from './commands/get-object-info.ts'
import { listObjects } from './commands/list-objects.ts'
import type { NewObject } from './commands/new-object.ts'
import { getOpaque, putOpaque } from './commands/opaque.ts'
import { protocolError } from './error-code.ts'
import { formatObjectId } from './object-type.ts'
import type { Session } from './session.ts'

const MAX_CERTIFICATE = 1 << 16

/** DER, or undefined where nothing is stored. Throws DeviceError `certificate.exists` where something else stands there. */
export async function readCertificate(session: Session, id: number): Promise<Uint8Array | undefined> {
  const info = await opaqueInfo(session, id)
  if (info === undefined) return undefined
  if (info.algorithm !== ALGORITHMS['opaque-x509-certificate']) throw notACertificate(id)
  const der = unpack(await session.run(getOpaque, id))
  if (!isCertificate(der)) throw notACertificate(id)
  return der
}

/** `key` is the key's own object info: label and domains are taken over. */
export async function storeCertificate(
  session: Session,
  key: ObjectInfo,
  certificate: Uint8Array,
  replace: boolean,
): Promise<void> {
  checkCertificate(certificate)
  const { id } = key
  const stored = await readCertificate(session, id)
  if (stored !== undefined && Buffer.from(stored).equals(certificate)) return
  const object: NewObject = {
    id,
    label: key.label,
    domains: key.domains,
    capabilities: 0n,
    algorithm: ALGORITHMS['opaque-x509-certificate'],
  }
  if (stored !== undefined) {
    if (!replace) throw exists(id)
    await session.run(deleteObject, { id, type: 'opaque' })
  }
  try {
    await session.run(putOpaque, { object, data: certificate })
  } catch (error) {
    if (stored !== undefined) await session.run(putOpaque, { object, data: stored }).catch(() => undefined)
    throw error
  }
}

async function opaqueInfo(session: Session, id: number): Promise<ObjectInfo | undefined> {
  const listed = await session.run(listObjects, { id, type: 'opaque' })
  return listed.length === 0 ? undefined : session.run(getObjectInfo, { id, type: 'opaque' })
}

/** Some tools store it compressed (python-yubihsm `put_certificate(compress=True)`). */
function unpack(bytes: Buffer): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new Uint8Array(bytes)
  try {
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: MAX_CERTIFICATE }))
  } catch (cause) {
    throw protocolError('get opaque', 'the stored certificate does not decompress', cause)
  }
}

/** One certificate, DER, and nothing behind it. */
function isCertificate(der: Uint8Array): boolean {
  try {
    return Buffer.from(new X509Certificate(der).raw).equals(der)
  } catch {
    return false
  }
}

function checkCertificate(der: Uint8Array): void {
  if (isCertificate(der)) return
  throw new DeviceError('device.settings', 'Could not store the certificate: it is not a DER certificate.', {
    remedy: 'Import the issued certificate again; PEM is converted automatically.',
  })
}

const exists = (id: number): DeviceError =>
  new DeviceError('certificate.exists', `Another certificate is stored with key ${formatObjectId(id)}.`, {
    remedy: 'Confirm the replacement, or store the new one elsewhere.',
  })

const notACertificate = (id: number): DeviceError =>
  new DeviceError(
    'certificate.exists',
    `Opaque object ${formatObjectId(id)} contains something that is not a certificate.`,
    {
      remedy: 'Move it to another id (yubihsm-shell: get opaque, delete, put opaque), then install the certificate.',
    },
  )
