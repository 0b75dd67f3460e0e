import { writePem } from '../../asn1/pem.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { type Contents, type ItemOf, itemsOf, namesOf } from './contents.ts'
import type { Evidence } from './evidence.ts'
import { evidenceInCertificate } from './evidence-in-certificate.ts'
import { evidenceInRequest, pkixEvidenceAlone, withPkixEvidence } from './evidence-in-request.ts'
import type { Part } from './layer.ts'
import { openFiles } from './open-file.ts'
import { packageOfCertificates } from './package-of-certificates.ts'
import { orRefuse } from './unreadable.ts'

const unreadable = (what: string, remedy: string, cause?: unknown): EvidenceError =>
  new EvidenceError(`Could not read the attestation: ${what}.`, remedy, cause)

/**
 * Reads one file, or several that belong together (an attestation and its F9 certificate; a `.dat` and its chain; a request beside
 * them), in the forms that people have them in.
 *
 * @param files - The content of each.
 * @returns The package as the CA wants it before base64, what came along, and what was done to get it.
 * @throws EnrollError `evidence.unreadable` if there is no attestation in them or more than one, `input.private-key`.
 * @example
 * ```ts
 * const evidence: Evidence = readEvidence(readFileSync('attestation.pem'), readFileSync('f9.pem'))
 * for (const note of evidence.notes) console.log(note)
 * ```
 */
export const readEvidence = (...files: readonly Uint8Array[]): Evidence =>
  readEvidenceFiles(files.map((bytes) => ({ bytes })))

/** The same with names; `passOver` for the files of a folder, where those that hold nothing do not matter. */
export function readEvidenceFiles(files: readonly Part[], passOver = false): Evidence {
  if (files.length === 0) throw unreadable('no file was specified', 'Specify the file that holds the attestation.')
  return evidenceIn(
    orRefuse(
      () => openFiles(files, passOver),
      ({ what, remedy, cause }) => unreadable(what, remedy, cause),
    ),
  )
}

/** The evidence among what was found. Throws EvidenceError. */
export function evidenceIn(contents: Contents): Evidence {
  const notes = [...contents.notes]
  const [package_, second] = itemsOf(contents, 'package')
  if (second !== undefined) throw tooMany('attestations', itemsOf(contents, 'package').length)
  const chosen = package_ === undefined ? certificateEvidence(contents, notes) : withChains(package_, contents)
  const evidence = { ...chosen, ...boundTo(contents, chosen, notes), notes }
  return withPkixEvidence(
    evidence,
    itemsOf(contents, 'pkix-evidence').map(({ der }) => der),
  )
}

type Chosen = Omit<Evidence, 'notes'>

/** A statement or a JSON; whatever certificates came along are its chains. */
function withChains(found: ItemOf<'package'>, contents: Contents): Chosen {
  const beside = itemsOf(contents, 'certificate').map(({ der }) => der)
  const packed = itemsOf(contents, 'pkcs7').flatMap(({ certificates }) => certificates)
  const pem = [...beside, ...packed].map((der) => writePem('CERTIFICATE', der)).join('')
  const own = found.certChains === undefined ? '' : Buffer.from(found.certChains).toString('latin1')
  const certChains = Buffer.from(own === '' || own.endsWith('\n') ? own + pem : `${own}\n${pem}`)
  return { package: found.package, ...(certChains.length === 0 ? {} : { certChains }) }
}

function certificateEvidence(contents: Contents, notes: string[]): Chosen {
  const packed = itemsOf(contents, 'pkcs7')
  if (packed.length > 1) throw tooMany('PKCS#7 packages', packed.length)
  if (packed.length === 0 && itemsOf(contents, 'certificate').length === 0) {
    const [request] = itemsOf(contents, 'request')
    const [other] = itemsOf(contents, 'other').flatMap(({ package: package_ }) => package_ ?? [])
    if (other !== undefined && request === undefined) return { package: other }
    if (request === undefined && itemsOf(contents, 'pkix-evidence').length > 0) throw pkixEvidenceAlone()
    if (request === undefined) throw nothingFound(contents)
    return noted(evidenceInRequest(request.der, evidenceIn), notes)
  }
  const [certificate, ...others] = itemsOf(contents, 'certificate')
  const carried =
    packed.length > 0 || others.length > 0 || certificate === undefined
      ? undefined
      : evidenceInCertificate(certificate.der)
  if (carried !== undefined) return noted(carried, notes)
  const { note, ...found } = packageOfCertificates(contents)
  if (note !== undefined) notes.push(note)
  return found
}

function noted({ notes: how, ...embedded }: Evidence, notes: string[]): Chosen {
  notes.push(...how)
  return embedded
}

/** A request beside the attestation is the one to bind to, or else a public key; of several, none is chosen. */
function boundTo(contents: Contents, chosen: Chosen, notes: string[]): Partial<Evidence> {
  if (chosen.request !== undefined || chosen.publicKey !== undefined) return {}
  const requests = unique(itemsOf(contents, 'request').map(({ der }) => der))
  const keys = unique(itemsOf(contents, 'public-key').map(({ der }) => der))
  const [request] = requests
  const [publicKey] = keys
  if (requests.length > 1 || (request === undefined && keys.length > 1)) {
    const what = requests.length > 1 ? `${requests.length} requests` : `${keys.length} public keys`
    notes.push(`found ${what} beside the attestation, and compared it with none of them`)
    return {}
  }
  if (request !== undefined) {
    notes.push('found a request beside the attestation')
    return { request }
  }
  if (publicKey === undefined) return {}
  notes.push('found a public key beside the attestation')
  return { publicKey }
}

const unique = (ders: readonly Uint8Array[]): readonly Uint8Array[] => [
  ...new Map(ders.map((der) => [Buffer.from(der).toString('latin1'), der])).values(),
]

const tooMany = (what: string, count: number): EvidenceError =>
  unreadable(`there are ${count} ${what}`, 'Pass one attestation at a time.')

const nothingFound = (contents: Contents): EvidenceError =>
  new EvidenceError(
    `Could not find a certificate in the attestation; it holds: ${namesOf(contents)}.`,
    'Pass the attestation itself; beside it, `check` takes a request with --csr and a public key with --public-key.',
  )
