import { createPublicKey, verify } from 'node:crypto'
import { type HashName, hasCertificateStore } from '../../devices/device.ts'
import { parseCertificate } from '../asn1/certificate.ts'
import { printName } from '../asn1/name.ts'
import { readPem } from '../asn1/pem.ts'
import { requestTemplate } from '../config/profile.ts'
import { defaultRequestHash } from '../csr/build-certification-request.ts'
import { EnrollError } from '../errors.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { guardDevice } from './guard-device.ts'
import type { Run } from './run.ts'
import { findRunKey } from './steps/find-run-key.ts'

/** What one signature by the device has shown: schemas/sign-check.schema.json. */
export interface SignCheck {
  readonly run: string
  /** Where the key is. */
  readonly key: string
  /** Was the certificate read back from the device, or does the device keep none? */
  readonly certificateFrom: 'device' | 'run folder'
  readonly subject: string
  readonly notAfter: string
  readonly certificateSha256: string
  readonly hash: HashName
  /** The signature that the certificate verified, base64. */
  readonly signature: string
  readonly verified: true
}

/**
 * Has the device sign once, over the SHA-256 of the certificate, and verifies that with the certificate that it keeps beside the key.
 * The PIN, and a touch, are asked for as for any signature, and once. Changes nothing in run or device.
 *
 * @throws EnrollError `run.not-issued`; `sign-check.failed` where the device has no certificate for the key, or another; DeviceError.
 * @example
 * ```ts
 * const { subject } = await withRun('k7f3qa', services, (run) => signCheck(run))
 * ```
 */
export async function signCheck(run: Run): Promise<SignCheck> {
  const { record, folder, configuration, services } = run
  if (record.certificate === undefined || record.spkiSha256 === undefined)
    throw new EnrollError('run.not-issued', `Could not check a signature: the run ${run.id} is ${record.state}.`, {
      remedy: 'Collect or import the certificate first.',
    })
  const [own] = readPem(Buffer.from(await folder.readArtefact(record.certificate)).toString('latin1'))
  if (own === undefined) throw new Error('the certificate artefact contains no PEM')
  const device = await services.openDevice(configuration, guardDevice(run))
  try {
    const key = await findRunKey(record, device)
    const stored = hasCertificateStore(device) ? await device.readCertificate(key) : undefined
    if (hasCertificateStore(device) && stored === undefined) throw notInstalled(run.id, key.location)
    if (stored !== undefined && !Buffer.from(stored).equals(own.der)) throw otherCertificate(run.id, key.location)
    const certificate = stored ?? own.der
    const { spki, subject, notAfter } = parseCertificate(certificate)
    const certificateSha256 = sha256Hex(certificate)
    const hash = requestTemplate(configuration).hash ?? defaultRequestHash(spki)
    const data = Buffer.from(certificateSha256, 'hex')
    services.observer.step({ step: 'sign-check', status: 'begin', detail: `one signature with ${key.location}` })
    const signature = await key.sign(hash, data)
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    if (!verify(hash.replace('-', ''), data, publicKey, signature)) throw notVerified(key.location)
    return {
      run: run.id,
      key: key.location,
      certificateFrom: stored === undefined ? 'run folder' : 'device',
      subject: printName(subject),
      notAfter: new Date(notAfter).toISOString(),
      certificateSha256,
      hash,
      signature: Buffer.from(signature).toString('base64'),
      verified: true,
    }
  } finally {
    await device.close()
  }
}

const notInstalled = (run: string, location: string): EnrollError =>
  new EnrollError('sign-check.failed', `Could not check a signature: ${location} has no certificate.`, {
    remedy: `Install it with \`hsm-enroll certificate install ${run}\`.`,
  })

const otherCertificate = (run: string, location: string): EnrollError =>
  new EnrollError('sign-check.failed', `${location} has another certificate than the run ${run}.`, {
    remedy: `Programs sign with that one. Compare it with certificate.pem of the run; \`hsm-enroll certificate install ${run}\` puts the run's in its place.`,
  })

const notVerified = (location: string): EnrollError =>
  new EnrollError('sign-check.failed', `The certificate does not verify a signature by ${location}.`, {
    remedy: 'Sign nothing with this key. Check which key the device uses for it, and enrol again.',
  })
