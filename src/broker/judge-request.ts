import { nameValues, parseName, printName } from '../asn1/name.ts'
import type { AttestationResult } from '../attestation/contract/attestation-result.ts'
import type { OrderRequest } from '../broker-client/messages.ts'
import { checkAttestation } from '../check/check-attestation.ts'
import { checkContext, configuredTrustAnchors } from '../check/configured.ts'
import type { Configuration } from '../config/configuration.ts'
import { knowledgeInForce } from '../config/knowledge-in-force.ts'
import { readInput } from '../config/read-input.ts'
import type { CertificationRequest } from '../csr/certification-request.ts'
import { formDigest } from '../enrollment/order-form.ts'
import { refuseFaultyForm } from '../enrollment/order-once.ts'
import { EnrollError, sentence } from '../errors.ts'
import { HSM_TYPES, type HsmType, isHsmType } from '../hsm-type.ts'
import { orderClaim } from '../ledger/fact.ts'
import type { CertificateAuthority } from '../sectigo/certificate-authority.ts'
import { type OrderedKey, orderedKeys } from '../sectigo/ordered-keys.ts'
import { FormView } from '../sectigo/parameters/form-view.ts'
import type { BrokerHost } from './broker-settings.ts'
import { wareOf } from './price.ts'

/** A request that may be ordered as far as its form and its evidence go. */
export interface JudgedRequest {
  readonly request: OrderRequest
  readonly spkiSha256: string
  /** What the order claims in the ledger. */
  readonly claim: string
  readonly test: boolean
  readonly csr: Uint8Array
  readonly formSha256: string
  readonly product?: string
  readonly days?: string
  /** Whom the certificate will name: the organization of form or request, or the subject of the request. */
  readonly subjectName: string
  readonly verdict: AttestationResult
}

/** What a form is for. */
export interface RequestedKey {
  readonly spkiSha256: string
  readonly test: boolean
  readonly claim: string
  readonly ordered: OrderedKey
}

/** Reads it, before the evidence is looked at. Throws EnrollError `broker.request` where that cannot be read. */
export function keyOf(request: OrderRequest): RequestedKey {
  refuseLogin(request)
  const [key, ...others] = orderedKeys(request.form, 'auto-apply')
  if (key?.csr === undefined || others.length > 0) throw unfit('the form has no certification request')
  const test = new FormView(request.form).isYes('test')
  return { spkiSha256: key.spkiSha256, test, claim: orderClaim(key.spkiSha256, test), ordered: key }
}

/** The broker's own, by which it judges. */
export interface JudgedUnder {
  readonly configuration: Configuration
  readonly ca: Pick<CertificateAuthority, 'validateOrder'>
  readonly trustAnchors: AnchorsByFamily
  /** Milliseconds since 1970. */
  readonly now: number
}

export type AnchorsByFamily = ReadonlyMap<HsmType, Awaited<ReturnType<typeof configuredTrustAnchors>>>

/** Throws EnrollError `trust-anchors.unreadable`. */
export const readAnchors = async (configuration: Configuration): Promise<AnchorsByFamily> =>
  new Map(
    await Promise.all(
      HSM_TYPES.map(async (type) => [type, await configuredTrustAnchors(configuration, readInput, type)] as const),
    ),
  )

/**
 * Judges a request as if the host had judged nothing: the form against the CA's table, the evidence under the broker's own anchors and
 * policy, and whether it is from a device of that host. Throws EnrollError `order.form`, `order.evidence`, `broker.request`.
 */
export async function judgeRequest(
  request: OrderRequest,
  { ordered, ...key }: RequestedKey,
  host: BrokerHost,
  { configuration, ca, trustAnchors, now }: JudgedUnder,
): Promise<JudgedRequest> {
  refuseFaultyForm(ca.validateOrder(request.form))
  const { request: csr, hsmType, keyAttestation } = ordered
  if (csr === undefined || keyAttestation === undefined || hsmType === undefined || !isHsmType(hsmType))
    throw unfit('the form has no evidence of the key')
  const context = await checkContext(
    withExpectations(configuration, host),
    {
      hsmType,
      ...(request.certChains === undefined ? {} : { certChains: Buffer.from(request.certChains, 'base64') }),
      ...(request.keyName === undefined ? {} : { keyName: request.keyName }),
      now,
      trustAnchors: trustAnchors.get(hsmType) ?? [],
      knowledge: await knowledgeInForce(configuration),
    },
    readInput,
  )
  const verdict = checkAttestation({ ...context, csr, package: Buffer.from(keyAttestation, 'base64') })
  if (!verdict.acceptable) throw notAcceptable(verdict)
  const view = new FormView(request.form)
  return {
    ...key,
    request,
    csr: csr.der,
    formSha256: formDigest(request.form),
    ...wareOf(request.form),
    subjectName: subjectOf(view, csr),
    verdict,
  }
}

/** The host's own list goes before that of the profile. */
const withExpectations = (configuration: Configuration, { expect }: BrokerHost) => ({
  text: (path: string) => expect.get(path)?.join(',') ?? configuration.text(path),
  list: (path: string) => expect.get(path) ?? configuration.list(path),
})

function subjectOf(view: FormView, { subject }: CertificationRequest): string {
  const organization = view.get('organizationName')
  if (organization !== undefined) return organization.slice(0, 200)
  return (nameValues(parseName(subject), 'O')[0] ?? printName(subject)).slice(0, 200)
}

/** The login is the broker's alone; one that a host sends has no business there. */
function refuseLogin({ form }: OrderRequest): void {
  if (Object.keys(form).some((name) => /password$|^loginname$/i.test(name)))
    throw unfit('the form holds a login or a password')
}

const unfit = (what: string): EnrollError =>
  new EnrollError('broker.request', `Could not take the request: ${what}.`, {
    remedy: 'Use the same version of hsm-enroll on the host and on the broker.',
  })

function notAcceptable({ checks }: AttestationResult): EnrollError {
  const failed = checks.filter(({ status }) => status === 'fail')
  const [first] = failed
  const more =
    failed.length > 1
      ? ` And ${failed.length - 1} more: ${failed
          .slice(1)
          .map(({ id }) => id)
          .join(', ')}.`
      : ''
  return new EnrollError(
    'order.evidence',
    `The broker refused the evidence: ${first?.id}: ${sentence(first?.detail ?? '')}${more}`,
    { remedy: first?.remedy ?? 'Check the evidence with `hsm-enroll check`.' },
  )
}
