import type { AttestationResult } from '../attestation/contract/attestation-result.ts'
import { checkUnder } from '../check/configured.ts'
import { POLICY_RULES } from '../check/policy/policy-rules.ts'
import { readEvidence } from '../check/read/evidence-input.ts'
import type { Configuration } from '../config/configuration.ts'
import { knowledgeInForce } from '../config/knowledge-in-force.ts'
import { readInput } from '../config/read-input.ts'
import { parseCertificationRequest } from '../csr/certification-request.ts'
import { requestFormFaults } from '../csr/request-form.ts'
import { EnrollError } from '../errors.ts'
import { isHsmType } from '../hsm-type.ts'
import type { OrderedKey } from '../sectigo/ordered-keys.ts'
import type { OrderedEvidence } from './order-once.ts'
import { type Finding, isBlocker } from './plan/finding.ts'

/**
 * What `check` thinks of the requests in a form and of the evidence, one entry for each key that has some; those that do not hold
 * first. Evidence that cannot be read, is not genuine, or is of another key blocks, unless it is to be sent anyway.
 */
export async function judgeEvidence(
  keys: readonly OrderedKey[],
  configuration: Configuration,
  { now, sendAnyway }: { readonly now: number; readonly sendAnyway: boolean },
): Promise<{ readonly judged: readonly OrderedEvidence[]; readonly findings: readonly Finding[] }> {
  const knowledge = await knowledgeInForce(configuration)
  const judged: OrderedEvidence[] = []
  const findings: Finding[] = []
  for (const { csr, spki, spkiSha256, hsmType, keyAttestation } of keys) {
    if (csr !== undefined) findings.push(...formFaultsOf(csr))
    if (hsmType === undefined || keyAttestation === undefined || !isHsmType(hsmType)) continue
    const key = csr === undefined ? { publicKey: spki } : { csr }
    const package_ = Buffer.from(keyAttestation, 'base64')
    const evidence = { hsmType, package: package_, ...key, now, knowledge }
    const verdict = await checkUnder(configuration, evidence, readInput).catch((error: unknown) => {
      if (!(error instanceof EnrollError)) throw error
      const { code, message, remedy } = readingFault(package_) ?? error
      findings.push(blocker(code, `the key attestation cannot be read: ${message}`, remedy))
      return undefined
    })
    findings.push(...findingsOf(verdict))
    judged.push({ hsmType, keyAttestation, csrSpkiSha256: spkiSha256, ...(verdict === undefined ? {} : { verdict }) })
  }
  judged.sort((a, b) => Number(a.verdict?.acceptable === true) - Number(b.verdict?.acceptable === true))
  return { judged, findings: sendAnyway ? findings.map(asWarning) : findings }
}

/** What the bytes are instead, as `check` says it: a web page, half a file. Undefined if they can be read. */
function readingFault(package_: Uint8Array): EnrollError | undefined {
  try {
    readEvidence(package_)
    return undefined
  } catch (error) {
    if (error instanceof EnrollError) return error
    throw error
  }
}

/** Said of every request, also of one without evidence: the CA may refuse it, and only its key can sign another. */
const formFaultsOf = (csr: Uint8Array): readonly Finding[] =>
  requestFormFaults(parseCertificationRequest(csr)).map((fault) =>
    warning(POLICY_RULES.requestForm.id, `the CSR: ${fault}`, POLICY_RULES.requestForm.remedy),
  )

const asWarning = (finding: Finding): Finding => (isBlocker(finding) ? { ...finding, severity: 'warning' } : finding)

const complaint =
  (severity: 'warning' | 'blocker') =>
  (code: string, message: string, remedy: string): Finding => ({ area: 'evidence', severity, code, message, remedy })
const warning = complaint('warning')
const blocker = complaint('blocker')

const findingsOf = (verdict: AttestationResult | undefined): readonly Finding[] =>
  (verdict?.checks ?? [])
    .filter(({ status }) => status === 'fail')
    .map(({ id, group, detail, remedy = '' }) =>
      (group === 'policy' ? warning : blocker)(
        id,
        `the key attestation does not pass the checks here (${id}): ${detail}`,
        remedy,
      ),
    )
