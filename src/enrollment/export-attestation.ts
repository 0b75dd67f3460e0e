import { join } from 'node:path'
import { attestationChain, attestationObject, bareObject } from '../acme/attestation-object.ts'
import type { Configuration } from '../config/configuration.ts'
import { EnrollError } from '../errors.ts'
import { guardDevice } from './guard-device.ts'
import { hsmTypeOf } from './order-form.ts'
import type { Run } from './run.ts'
import { findRunKey } from './steps/find-run-key.ts'
import { intermediatesOf } from './steps/submit-acme-step.ts'

/** The forms in which an attestation object leaves, and the file of the run that each is written to. */
const EXPORT_FILES = {
  /** What `step kms attest --format step` prints: base64url. */
  step: 'attestation-object.txt',
  /** What is posted to a challenge device-attest-01. */
  acme: 'attestation-object.json',
  /** The object itself. */
  cbor: 'attestation-object.cbor',
} as const
export type ExportFormat = keyof typeof EXPORT_FILES

export interface ExportWish {
  readonly format: ExportFormat
  /** What the device signs: token, dot, thumbprint (RFC 8555 8.1). Without it the object holds no signature. */
  readonly keyAuthorization?: string
}

/** What can be known before a key is generated or a PIN is sent. Throws EnrollError `acme.device`, `acme.key-authorization`. */
export function checkExport(configuration: Configuration, { format, keyAuthorization }: ExportWish): void {
  const hsmType = hsmTypeOf(configuration)
  if (hsmType !== 'YUBIKEY') {
    throw new EnrollError(
      'acme.device',
      `Could not write an attestation object of ${hsmType}: it is the form of a YubiKey's attestation.`,
      {
        remedy: 'Leave --format out; the attestation is in the folder of the run as the CA takes it.',
      },
    )
  }
  if (keyAuthorization === undefined && format !== 'cbor')
    throw authorization(`the format "${format}" answers a challenge, so it holds a signature over one`)
  // Whatever else somebody would have a signing key sign is not signed here.
  if (keyAuthorization !== undefined && !/^[\w-]{1,256}\.[\w-]{43}$/.test(keyAuthorization))
    throw authorization('it is not a token, a dot and the thumbprint of an account key')
}

const authorization = (why: string): EnrollError =>
  new EnrollError('acme.key-authorization', `Could not use the key authorization: ${why}.`, {
    remedy:
      'Pass a file with TOKEN.THUMBPRINT, as the ACME client made it of the challenge (RFC 8555 8.1), with --key-authorization.',
  })

/** Writes the attestation of a run as an attestation object into its folder. Returns the path. Throws EnrollError, DeviceError. */
export async function exportAttestation(run: Run, wish: ExportWish): Promise<string> {
  const { record, folder, configuration, services } = run
  checkExport(configuration, wish)
  if (record.attestation === undefined) throw new Error('the run has no attestation')
  const chain = attestationChain(await folder.readArtefact(record.attestation), await intermediatesOf(configuration))
  const file = EXPORT_FILES[wish.format]
  if (wish.keyAuthorization === undefined) {
    await folder.writeArtefact(file, bareObject(chain))
    return join(folder.path, file)
  }
  const device = await services.openDevice(configuration, guardDevice(run))
  try {
    const object = await attestationObject(chain, await findRunKey(record, device), Buffer.from(wish.keyAuthorization))
    await folder.writeArtefact(file, inForm(wish.format, object))
  } finally {
    await device.close()
  }
  return join(folder.path, file)
}

function inForm(format: ExportFormat, object: Uint8Array): Uint8Array {
  const text = Buffer.from(object).toString('base64url')
  switch (format) {
    case 'step':
      return Buffer.from(`${text}\n`)
    case 'acme':
      return Buffer.from(`${JSON.stringify({ attObj: text })}\n`)
    case 'cbor':
      return object
  }
}
