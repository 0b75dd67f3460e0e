import { readDer, TAG } from '../../asn1/der.ts'
import { DerError } from '../../asn1/der-error.ts'
import { derKind } from '../../asn1/der-kind.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { possibleFamilies } from '../../attestation/recognise-family.ts'
import {
  type AttestationBundle,
  type AttestationStatement,
  readAttestationBundle,
} from '../../csr/attestation-bundle.ts'
import { type CertificationRequest, parseCertificationRequest } from '../../csr/certification-request.ts'
import { type Contents, itemsOf } from './contents.ts'
import type { Evidence } from './evidence.ts'
import type { Part } from './layer.ts'
import { unwrapAsFamily } from './layers/unwrap-as-family.ts'
import { openFiles } from './open-file.ts'
import { Unreadable } from './unreadable.ts'

const REMEDY = 'Pass the attestation here, and the request with --csr.'
/** A bundle of a CA's own making may hold more; nobody's device makes as many. */
const MAX_STATEMENTS = 16

/** Picks the evidence out of what was found in a statement. */
export type PickEvidence = (contents: Contents) => Evidence

/**
 * The attestation in a request, with the request that it was in to bind to (DER): in extensions of a family's own, or in
 * id-aa-attestation. Throws EvidenceError if the request holds none, or more than one.
 */
export function evidenceInRequest(der: Uint8Array, pick: PickEvidence): Evidence {
  const request = readRequest(der)
  const found = unwrapAsFamily({ kind: 'request', extensions: request.extensions })
  if (found !== undefined) {
    return { package: found.package, request: der, notes: found.note === undefined ? [] : [found.note] }
  }
  const bundle = readAttestationBundle(request.attributes)
  if (bundle === undefined) throw none('this is a certificate request that carries none')
  if ('fault' in bundle) throw none(bundle.fault)
  const [evidence, second] = evidenceInBundle(bundle, pick)
  const pkixEvidence = pkixEvidenceInBundle(bundle)
  if (evidence === undefined) {
    if (pkixEvidence.length > 0) throw pkixEvidenceAlone()
    const types = bundle.statements.map(({ type }) => type).join(', ')
    throw none(
      `no statement in id-aa-attestation is one of a family that is known here (types: ${types.slice(0, 200)})`,
    )
  }
  if (second !== undefined) {
    throw new EvidenceError(
      'Could not tell which attestation is meant: the request holds several in id-aa-attestation.',
      REMEDY,
    )
  }
  return withPkixEvidence({ ...evidence, request: der }, pkixEvidence)
}

/** Said whenever it is there, so that nobody takes it for part of the verdict. */
export const withPkixEvidence = (evidence: Evidence, pkixEvidence: readonly Uint8Array[]): Evidence =>
  pkixEvidence.length === 0
    ? evidence
    : {
        ...evidence,
        pkixEvidence,
        notes: [...evidence.notes, 'found PKIX evidence beside the attestation: not a part of this verdict'],
      }

export const pkixEvidenceAlone = (): EvidenceError =>
  new EvidenceError(
    'Could not judge a device: this is PKIX evidence (draft-ietf-rats-pkix-key-attestation), for which no vendor vouches yet.',
    'Read it with `hsm-enroll inspect --pkix-evidence FILE`; to check a device, pass the attestation in the form of its vendor.',
  )

const none = (why: string): EvidenceError => new EvidenceError(`Could not find an attestation: ${why}.`, REMEDY)

/** The statements of a bundle that are evidence of a known family, each with the certificates of the bundle. */
export function evidenceInBundle(bundle: AttestationBundle, pick: PickEvidence): readonly Evidence[] {
  return bundle.statements.slice(0, MAX_STATEMENTS).flatMap((statement) => {
    const evidence = readStatement(statement, bundle.certificates, pick)
    if (evidence === undefined || possibleFamilies(evidence.package).length === 0) return []
    return [{ ...evidence, notes: [noteOf(statement, bundle), ...evidence.notes] }]
  })
}

/** The statements of a bundle that are evidence of draft-ietf-rats-pkix-key-attestation, DER. */
export const pkixEvidenceInBundle = ({ statements }: AttestationBundle): readonly Uint8Array[] =>
  statements
    .slice(0, MAX_STATEMENTS)
    .map(({ statement }) => statementContent(statement))
    .filter((content) => derKind(content) === 'pkix-evidence')

/** What is in a statement of another kind, whatever certificates the bundle has. */
const NO_FAMILYS = ['request', 'pkix-evidence'] as const

/** Undefined if nothing in it is evidence: its type may be anybody's. */
function readStatement(
  { statement }: AttestationStatement,
  certificates: readonly Uint8Array[],
  pick: PickEvidence,
): Evidence | undefined {
  const parts: readonly Part[] = [statementContent(statement), ...certificates].map((bytes) => ({ bytes }))
  try {
    const contents = openFiles(parts)
    const isOther = NO_FAMILYS.some((kind) => itemsOf(contents, kind).length > 0)
    return isOther ? undefined : pick(contents)
  } catch (error) {
    if (error instanceof Unreadable || error instanceof EvidenceError) return undefined
    throw error
  }
}

/** What is not ASN.1 stands in an OCTET STRING (draft, section on statements). */
const statementContent = (statement: Uint8Array): Uint8Array =>
  statement[0] === TAG.octetString ? readDer(statement).content : statement

const noteOf = ({ type, hint }: AttestationStatement, { drafts }: AttestationBundle): string =>
  [
    `extracted the attestation from the request (id-aa-attestation as drafts ${drafts} write it, statement type ${type})`,
    ...(hint === undefined ? [] : [`its hint "${hint.slice(0, 60)}" was not followed`]),
  ].join('; ')

function readRequest(der: Uint8Array): CertificationRequest {
  try {
    return parseCertificationRequest(der)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new EvidenceError(`Could not read the certificate request: ${error.message}`, REMEDY, error)
  }
}
