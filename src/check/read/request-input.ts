import { type CertificationRequest, parseCertificationRequest } from '../../csr/certification-request.ts'
import { EnrollError } from '../../errors.ts'
import { type Contents, itemsOf, namesOf } from './contents.ts'
import { openFile } from './open-file.ts'
import { orRefuse } from './unreadable.ts'

export interface RequestInput {
  readonly request: CertificationRequest
  /** What was unwrapped on the way to it. */
  readonly notes: readonly string[]
}

const refused = (message: string, remedy: string, cause?: unknown): EnrollError =>
  new EnrollError('csr.unreadable', message, { remedy, cause })
const ALONE = 'Pass a file with the one request.'

/**
 * Reads a PKCS#10 request in the forms that people have it in. Throws EnrollError `csr.unreadable` where there is none, or something
 * beside it, `asn1.der` where it is malformed, `input.private-key`.
 */
export function readRequest(file: Uint8Array): RequestInput {
  const contents = orRefuse(
    () => openFile(file),
    ({ what, remedy, cause }) => refused(`Could not read the certificate request: ${what}.`, remedy, cause),
  )
  const der = onlyRequest(contents)
  refuseOthers(contents)
  return { request: parseCertificationRequest(der), notes: contents.notes }
}

/**
 * Reads a PKCS#10 request in the forms that people have it in.
 *
 * @throws EnrollError `csr.unreadable` if there is none, or something beside it, `asn1.der` if it is malformed, `input.private-key`.
 * @example
 * ```ts
 * const request: CertificationRequest = readCertificationRequest(readFileSync('request.csr'))
 * ```
 */
export const readCertificationRequest = (file: Uint8Array): CertificationRequest => readRequest(file).request

/** The one request among what was found, DER. Throws EnrollError `csr.unreadable` where there is none, or more than one. */
export function onlyRequest(contents: Contents): Uint8Array {
  const requests = itemsOf(contents, 'request')
  const [request] = requests
  if (request === undefined) {
    throw refused(
      `Could not find a certificate request (found: ${namesOf(contents)}).`,
      'Pass a PKCS#10 request in PEM ("-----BEGIN CERTIFICATE REQUEST-----") or DER.',
    )
  }
  if (requests.length > 1) {
    throw refused(`Could not tell which request is meant: the file holds ${requests.length}.`, ALONE)
  }
  return request.der
}

/** An order carries the request and nothing else: what is beside it may be what was meant. */
function refuseOthers(contents: Contents): void {
  const kinds = contents.groups.flatMap(({ items }) => items.map(({ kind }) => kind))
  if (kinds.every((kind) => kind === 'request' || kind === 'other')) return
  throw refused(`Could not use the request: the file holds more than it (${namesOf(contents)}).`, ALONE)
}
