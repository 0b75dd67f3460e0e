import type { ZipEntry } from '../archive/zip-entries.ts'
import { checkAttestation } from '../check/check-attestation.ts'
import { readRequest } from '../check/read/request-input.ts'
import { EnrollError } from '../errors.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'
import { BundleFault } from './bundle-fault.ts'
import { contentOf, PLACES } from './bundle-files.ts'
import { type JournalChain, lastText } from './journal-chain.ts'

/** What the evidence of the run says, judged anew from the bundle alone. */
export interface JudgedEvidence {
  /** The device and key, in one line. */
  readonly device: string
  readonly serial?: string
  readonly key: string
  readonly anchor: string
  /** What the evidence says of the key. A genuine one may have been imported, or be exportable under wrap, or recoverable. */
  readonly isGenerated: boolean
  readonly isKept: boolean
  /** ISO 8601: the time of the run's own check, as of which it was judged. */
  readonly asOf: string
}

/**
 * Verifies the attestation up to the anchors again, and that it is of the key of the request. Undefined where the run has no evidence.
 * Throws BundleFault where it does not hold.
 */
export function judgeRun(
  entries: readonly ZipEntry[],
  journal: JournalChain,
  trustAnchors: readonly TrustAnchor[],
): JudgedEvidence | undefined {
  const file = (type: string, name: string): Uint8Array | undefined => {
    const named = lastText(journal, type, name)
    return named === undefined ? undefined : contentOf(entries, `${PLACES.run}${named}`)
  }
  const package_ = file('attested', 'attestation')
  if (package_ === undefined) return undefined
  const request = file('csr-signed', 'request')
  const certChains = file('attested', 'certChains')
  const keyName = lastText(journal, 'key-generated', 'location')
  const asOf = journal.entries.findLast(
    ({ type }) => type === 'checked' || type === 'check-refused' || type === 'attested',
  )?.time
  if (request === undefined || asOf === undefined)
    throw new BundleFault('the run has evidence, but no request that it is of')
  const verdict = reading(() =>
    checkAttestation({
      package: package_,
      csr: readRequest(request).request,
      trustAnchors,
      now: Date.parse(asOf),
      ...(certChains === undefined ? {} : { certChains }),
      ...(keyName === undefined ? {} : { keyName }),
    }),
  )
  const failed = verdict.checks.find(({ group, status }) => group !== 'policy' && status === 'fail')
  const key = verdict.attestedKey
  if (!verdict.genuine || failed !== undefined || key === undefined)
    throw new BundleFault(`${failed?.id ?? 'the evidence'}: ${failed?.detail ?? 'is not genuine'}`)
  if (key.spkiSha256 !== lastText(journal, 'key-generated', 'spkiSha256'))
    throw new BundleFault('the attested key is not the one that the journal names')
  const { vendor, model, serial } = verdict.device
  const found = (id: string): string | undefined => verdict.checks.find((check) => check.id === id)?.status
  const isRecoverable = ['fail', 'warn'].includes(found('policy.key.recoverable') ?? '')
  return {
    device: [vendor, model, ...(serial === undefined ? [] : [`serial number ${serial}`])].filter(Boolean).join(' '),
    ...(serial === undefined ? {} : { serial }),
    key: `${key.type} ${key.bits ?? key.curve ?? ''}`.trim(),
    anchor: `${verdict.trustAnchor?.name ?? 'no anchor'}${verdict.trustAnchor?.origin === 'user' ? ', which the verifier passed' : ''}`,
    asOf,
    isGenerated: found('policy.key.generated-on-device') === 'pass',
    isKept: found('policy.key.non-exportable') === 'pass' && !isRecoverable,
  }
}

function reading<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof EnrollError) throw new BundleFault(error.message)
    throw error
  }
}
