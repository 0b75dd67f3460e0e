import { readFile, stat } from 'node:fs/promises'
import { DeviceError } from '../device-error.ts'

const MAX_BYTES = 64 * 1024
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/

/** The PEM text of the setting `includeIntermediates`, or nothing where it is not set. Throws DeviceError `device.settings`. */
export async function readIntermediates(path: string | undefined): Promise<string> {
  if (path === undefined) return ''
  try {
    const { size } = await stat(path)
    const text = size <= MAX_BYTES ? await readFile(path, 'latin1') : ''
    if (!CERTIFICATE.test(text)) throw new Error('it contains no PEM certificates')
    return text.endsWith('\n') ? text : `${text}\n`
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new DeviceError('device.settings', `Could not read includeIntermediates ${path}: ${why.slice(0, 120)}.`, {
      remedy: "Specify the PEM file with Yubico's intermediate certificates, or remove the setting.",
      cause,
    })
  }
}
