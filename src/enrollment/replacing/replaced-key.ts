import { type Device, DeviceError, type DeviceKey, hasCertificateStore } from '../../../devices/device.ts'
import { parseCertificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { holderOf, type PlaceHolder } from './place-holder.ts'

/** A key that is to go, with all that is known of it. */
export interface ReplacedKey {
  readonly location: string
  /** Absent if it cannot be read; that is never the same as "nothing is there". */
  readonly spkiSha256?: string
  /** DER; `unread` for one that is there and cannot be read. */
  readonly certificate?: Uint8Array | 'unread'
  readonly holder?: PlaceHolder
}

/** Reads what is lost with a key. `key`: undefined for one that is there and cannot be read. */
export async function readReplaced(
  device: Device,
  location: string,
  key: DeviceKey | undefined,
  setting: Parameters<typeof holderOf>[0] & { readonly deviceName: string },
): Promise<ReplacedKey> {
  const spkiSha256 = key === undefined ? undefined : sha256Hex(key.publicKey)
  const certificate = key === undefined ? undefined : await certificateOf(device, key)
  const holder = await holderOf(setting, { device: setting.deviceName, location, spkiSha256 })
  return { location, spkiSha256, certificate, holder }
}

/** What stands there and is no certificate is not kept as one. */
async function certificateOf(device: Device, key: DeviceKey): Promise<ReplacedKey['certificate']> {
  if (!hasCertificateStore(device)) return undefined
  try {
    return await device.readCertificate(key)
  } catch (error) {
    if (error instanceof DeviceError && (error.code === 'certificate.exists' || error.code === 'device.protocol'))
      return 'unread'
    throw error
  }
}

/** What is lost, in words that follow "This loses ". */
export function describeLoss({ location, spkiSha256, certificate, holder }: ReplacedKey): string {
  const key = `the key ${location}${spkiSha256 === undefined ? ', which cannot be read' : ` (SPKI SHA-256 ${spkiSha256.slice(0, 16)}…)`}`
  const issued = certificate === undefined ? undefined : describeCertificate(certificate)
  return [key, issued, describeHolder(holder)].filter((part) => part !== undefined).join(', ')
}

function describeCertificate(der: Uint8Array | 'unread'): string {
  if (der === 'unread') return UNREAD
  try {
    const { subject, issuer, notAfter } = parseCertificate(der)
    return `its certificate for ${printName(subject)}, issued by ${printName(issuer)}, good until ${new Date(notAfter).toISOString()}`
  } catch {
    return UNREAD
  }
}

const UNREAD = 'its certificate, which cannot be read'

function describeHolder(holder: PlaceHolder | undefined): string {
  if (holder === undefined) return 'of no run in the ledger'
  const { run, record } = holder
  const order = record?.orderNumber === undefined ? '' : `, order ${record.orderNumber}`
  return `of the run ${run} (${record?.state ?? 'not readable'}${record?.test === true ? ', a rehearsal' : ''}${order})`
}
