import type { AttestationResult } from '../attestation/contract/attestation-result.ts'
import { VERIFIERS } from '../attestation/verifiers.ts'
import { type CheckRequest, checkAttestation } from '../check/check-attestation.ts'
import { anchorsInFile } from '../check/configured.ts'
import { explain } from '../check/explain/explain.ts'
import { explainAttestation } from '../check/explain/explain-attestation.ts'
import type { Explanation } from '../check/explain/explanation.ts'
import { explanationText } from '../check/explain/explanation-text.ts'
import { configuredPolicy } from '../check/policy/configured-policy.ts'
import { readCertChains } from '../check/read/chains-input.ts'
import type { Evidence } from '../check/read/evidence.ts'
import { readEvidenceFiles } from '../check/read/evidence-input.ts'
import { refuseKeysIn } from '../check/read/hidden-keys.ts'
import { readRequest } from '../check/read/request-input.ts'
import { refuseUnused } from '../check/refuse-unused.ts'
import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import { HSM_TYPES } from '../hsm-type.ts'
import { jsonText } from '../json-text.ts'
import { builtInKnowledge } from '../knowledge/built-in-knowledge.ts'
import { builtInTrustAnchors } from '../trust-anchors/trust-anchors.ts'

export interface NamedBytes {
  readonly name: string
  readonly bytes: Uint8Array
}

/** What the options of `check` say, as bytes. */
export interface Question {
  /** `--attestation`, in any order. */
  readonly attestation: readonly NamedBytes[]
  /** `--csr` */
  readonly request?: NamedBytes
  /** `--cert-chains` */
  readonly chains?: NamedBytes
  /** `--trust-anchors` */
  readonly anchors?: readonly NamedBytes[]
  /** `--key-name` */
  readonly keyName?: string
  /** `--policy` */
  readonly policy?: string
  /** `--fips` */
  readonly fips?: string
  /** `--on`, YYYY-MM-DD */
  readonly on?: string
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface Answer {
  /** What `check --json` prints, with its last line end. */
  readonly json: string
  /** What `inspect` prints. Absent where nothing could be explained. */
  readonly text?: string
  readonly result?: AttestationResult
  readonly explanation?: Explanation
  readonly error?: PageFailure
  /** The package as an order takes it, in base64. */
  readonly base64?: string
}

export interface PageFailure {
  readonly code: string
  readonly message: string
  readonly remedy: string
  readonly exitCode: ExitCode
}

/** Judges as `check` does, and explains as `inspect` does. Never throws. */
export function judge(question: Question): Answer {
  let evidence: Evidence | undefined
  try {
    const read = readQuestion(question)
    evidence = read.evidence
    const result = checkAttestation(read.request)
    const family = VERIFIERS[result.hsmType]
    refuseUnused(family, 'key-name', question.keyName)
    refuseUnused(family, 'cert-chains', question.chains)
    const explanation = explainFiles(question, read.request, question.request === undefined ? [] : read.requestNotes)
    return {
      json: `${jsonText(result)}\n`,
      text: explanationText(explanation),
      result,
      explanation,
      base64: Buffer.from(evidence.package).toString('base64'),
    }
  } catch (cause) {
    const error = failureOf(cause)
    const explanation = explainAnyway(question)
    return {
      json: `${jsonText({ error })}\n`,
      error,
      ...(explanation === undefined ? {} : { explanation, text: explanationText(explanation) }),
    }
  }
}

/** One file is explained as what it is, as `inspect` would; several are one attestation. */
function explainFiles(question: Question, request: CheckRequest, requestNotes: readonly string[]): Explanation {
  const [only, ...more] = question.attestation
  if (only === undefined || more.length > 0) return explainAttestation(request, request.notes)
  const { package: _, csr, certChains, publicKey: __, ...context } = request
  return explain(only.bytes, {
    ...context,
    ...(question.request === undefined ? {} : { csr }),
    ...(question.chains === undefined ? {} : { certChains }),
    notes: requestNotes,
  })
}

/** A request or a certificate is no attestation, but a person wants to know what it is. */
function explainAnyway(question: Question): Explanation | undefined {
  const [only, ...more] = question.attestation
  if (only === undefined || more.length > 0) return undefined
  try {
    return explain(only.bytes, { trustAnchors: anchorsOf(question), now: question.now })
  } catch {
    // It cannot be read at all: the error of the check says why.
    return undefined
  }
}

interface Read {
  readonly evidence: Evidence
  readonly request: CheckRequest
  /** What was undone to read the request. */
  readonly requestNotes: readonly string[]
}

/** In the order in which `check` reads its files, so that of two that are wrong both name the same. */
function readQuestion(question: Question): Read {
  for (const { name, bytes } of question.attestation) refuseKeysIn(bytes, name)
  const evidence = readEvidenceFiles(question.attestation)
  const { request, chains, keyName, on, now, policy, fips } = question
  for (const file of [request, chains]) if (file !== undefined) refuseKeysIn(file.bytes, file.name)
  const csr = request?.bytes ?? evidence.request
  const certChains = chains === undefined ? evidence.certChains : readCertChains(chains.bytes)
  const read = csr && readRequest(csr)
  const requestNotes = (read?.notes ?? []).map((note) => `request: ${note}`)
  const given: Readonly<Record<string, string | undefined>> = { 'policy.profile': policy, 'policy.fips': fips }
  const settings = { text: (path: string): string | undefined => given[path], list: (): readonly string[] => [] }
  return {
    evidence,
    requestNotes,
    request: {
      package: evidence.package,
      ...(certChains === undefined ? {} : { certChains }),
      csr: read?.request,
      publicKey: csr === undefined ? evidence.publicKey : undefined,
      notes: [...evidence.notes, ...requestNotes],
      ...(keyName === undefined ? {} : { keyName }),
      now,
      ...(on === undefined ? {} : { on }),
      trustAnchors: anchorsOf(question),
      policy: configuredPolicy(settings, builtInKnowledge()),
    },
  }
}

const anchorsOf = ({ anchors = [] }: Question) => [
  ...builtInTrustAnchors(),
  ...anchors.flatMap(({ name, bytes }) => {
    refuseKeysIn(bytes, name)
    return anchorsInFile(name, bytes, HSM_TYPES)
  }),
]

function failureOf(error: unknown): PageFailure {
  if (error instanceof EnrollError) {
    const { code, message, remedy, exitCode } = error
    return { code, message, remedy, exitCode }
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return { code: 'defect', message: `Internal error: ${message}`, remedy: 'Report it.', exitCode: EXIT.defect }
}
