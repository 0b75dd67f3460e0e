import { attestationAlgorithm, attestationChain } from '../../acme/attestation-object.ts'
import { parseCertificate } from '../../asn1/certificate.ts'
import { nameValues, parseName, printName } from '../../asn1/name.ts'
import type { AttestationResult } from '../../attestation/contract/attestation-result.ts'
import { configuredTrustAnchors } from '../../check/configured.ts'
import { readCertificates } from '../../check/read/certificates-input.ts'
import type { Configuration } from '../../config/configuration.ts'
import { readInput } from '../../config/read-input.ts'
import { parseCertificationRequest } from '../../csr/certification-request.ts'
import { EnrollError } from '../../errors.ts'
import { guardDevice } from '../guard-device.ts'
import { orderOnce } from '../order-once.ts'
import type { Run } from '../run.ts'
import { findRunKey } from './find-run-key.ts'
import { readRequest } from './read-request.ts'

/**
 * Places the order of an enrolment with an ACME server: the device signs what the server has chosen. The device is opened before the
 * intent is journalled, so that a PIN that is missing leaves no order in doubt.
 */
export async function runAcmeSubmitStep(run: Run): Promise<void> {
  const { record, services, configuration } = run
  if (record.spkiSha256 === undefined) throw new Error('the run has nothing to order')
  const csr = await readRequest(run)
  const { serial, x5c } = await materialOf(run, csr)
  const missing = await missingIssuer(configuration, x5c)
  if (missing !== undefined) services.observer.step({ step: 'order', status: 'waiting', detail: missing })
  const ca = await services.certificateAuthority(configuration)
  const { attestedOrders } = ca
  if (attestedOrders === undefined) throw new Error('the CA takes no attested orders')
  const device = await services.openDevice(configuration, guardDevice(run))
  let failure: unknown
  try {
    const key = await findRunKey(record, device)
    const endpoint = configuration.required('acme.directory')
    await orderOnce(run, {
      form: { directory: endpoint, identifier: serial, csr: Buffer.from(csr).toString('base64') },
      ...{ csr, endpoint, spkiSha256: record.spkiSha256, faults: [], acme: true },
      balance: () => ca.balance(),
      send: () =>
        attestedOrders
          .place({
            ...{ serial, csr, x5c, signer: key },
            note: async (event) => {
              await run.log(event)
            },
          })
          // Thrown only while nothing can have been issued: the device, or the server's first answers.
          .catch((error: unknown) => {
            failure = error
            const { message, remedy } = error as EnrollError
            return { kind: 'not-sent', reason: message, remedy: remedy ?? '' }
          }),
    })
  } catch (error) {
    throw failure ?? error
  } finally {
    await device.close()
  }
}

/** What the server is told of the device, read from the evidence that was judged. Throws EnrollError `acme.…`: nothing was sent. */
async function materialOf({ record, folder, configuration }: Run, csr: Uint8Array) {
  if (record.attestation === undefined || record.checkResult === undefined) throw new Error('the run has no evidence')
  const verdict = JSON.parse(Buffer.from(await folder.readArtefact(record.checkResult)).toString('utf8'))
  const { hsmType, device } = verdict as AttestationResult
  if (hsmType !== 'YUBIKEY' || device.serial === undefined) {
    throw new EnrollError(
      'acme.evidence',
      'Could not order: the attestation does not show the serial number of a YubiKey.',
      {
        remedy: 'Make the serial number of the device visible, or use another one; then attest again.',
      },
    )
  }
  const { spki, subject } = parseCertificationRequest(csr)
  attestationAlgorithm(spki)
  refuseOtherName(nameValues(parseName(subject), 'CN')[0], device.serial)
  const package_ = await folder.readArtefact(record.attestation)
  return { serial: device.serial, x5c: attestationChain(package_, await intermediatesOf(configuration)) }
}

/** A server that has Yubico's root alone finds no way to it from here; one that has the intermediates, too, does. */
async function missingIssuer(configuration: Configuration, x5c: readonly Uint8Array[]): Promise<string | undefined> {
  const last = x5c.at(-1)
  if (last === undefined) return undefined
  const { issuer } = parseCertificate(last)
  const name = Buffer.from(issuer).toString('base64')
  const anchors = await configuredTrustAnchors(configuration, readInput, 'YUBIKEY')
  if (!anchors.some(({ subject, role }) => role === 'intermediate' && subject === name)) return undefined
  return `the certificate of ${printName(issuer)} is not on the device and is not sent: if the server refuses the attestation, add its file to acme.intermediates`
}

/** step-ca: "CSR Subject Common Name does not match identifiers exactly". Throws EnrollError `acme.subject`. */
export function refuseOtherName(commonName: string | undefined, serial: string | undefined): void {
  if (commonName === undefined || (serial === undefined ? /^\d+$/.test(commonName) : commonName === serial)) return
  throw new EnrollError(
    'acme.subject',
    `Could not order: the CN of the request is "${commonName.slice(0, 60)}", and the ACME server takes none but the serial number of the device.`,
    { remedy: `Set request.subject to CN=${serial ?? 'SERIAL'}, or leave CN out of it.` },
  )
}

/** The certificates of `acme.intermediates`. Throws EnrollError for a file that holds none. */
export async function intermediatesOf(configuration: Configuration): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = []
  for (const file of configuration.list('acme.intermediates')) found.push(...readCertificates(await readInput(file)))
  return found
}
