import { readDer, TAG } from '../asn1/der.ts'
import type { AttestationResult } from '../attestation/contract/attestation-result.ts'
import type { Configuration } from '../config/configuration.ts'
import { readCertificationRequest } from '../csr/certification-request.ts'
import type { OrderedEvidence } from '../enrollment/place-order.ts'
import { EnrollError } from '../errors.ts'
import { isHsmType } from '../hsm-type.ts'
import type { OrderForm } from '../sectigo/certificate-authority.ts'
import { splitPlaceOrder } from '../sectigo/other-products/place-order-items.ts'
import { FormView } from '../sectigo/parameters/form-view.ts'
import { sha256Hex } from '../sha256-hex.ts'
import type { Finding } from './finding.ts'

/** One request of a form, with what its item brings as proof of the key. */
export interface OrderedKey {
  /** PKCS#10, DER; absent where the key comes as SPKAC. */
  readonly csr?: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** SHA-256 of it, hex. */
  readonly spkiSha256: string
  readonly hsmType: string | undefined
  readonly keyAttestation: string | undefined
}

/** The keys that a form orders for, in any spelling: one at most with `!AutoApplyOrder`, one per item with `!PlaceOrder`. */
export function orderedKeys(form: OrderForm, kind: 'auto-apply' | 'place'): readonly OrderedKey[] {
  const parts = kind === 'place' ? splitPlaceOrder(form).items.map((item) => item.form) : [form]
  return parts.flatMap((part) => {
    const view = new FormView(part)
    const [request, spkac] = [view.get('csr', 'pkcs10'), view.get('spkac')]
    const csr = request === undefined ? undefined : readCertificationRequest(Buffer.from(request))
    const spki = csr?.spki ?? (spkac === undefined ? undefined : spkiOfSpkac(spkac))
    if (spki === undefined) return []
    return [
      {
        ...(csr === undefined ? {} : { csr: csr.der }),
        spki,
        spkiSha256: sha256Hex(spki),
        hsmType: view.get('hsmType'),
        keyAttestation: view.get('keyAttestation'),
      },
    ]
  })
}

/** SignedPublicKeyAndChallenge: the key stands first in what is signed (HTML 5, keygen element). Throws DerError. */
function spkiOfSpkac(base64: string): Uint8Array {
  const signed = readDer(Buffer.from(base64, 'base64')).at(0, 'PublicKeyAndChallenge')
  return signed.at(0, 'SubjectPublicKeyInfo').expect(TAG.sequence, 'SubjectPublicKeyInfo').bytes
}

/**
 * What this program thinks of the evidence in a form, one entry for each key that has some; those that do not hold first. What
 * does not hold is a warning only: the form is the caller's own.
 */
export async function judgeEvidence(
  keys: readonly OrderedKey[],
  configuration: Configuration,
): Promise<{ readonly judged: readonly OrderedEvidence[]; readonly findings: readonly Finding[] }> {
  const judged: OrderedEvidence[] = []
  const findings: Finding[] = []
  for (const { csr, spki, spkiSha256, hsmType, keyAttestation } of keys) {
    if (hsmType === undefined || keyAttestation === undefined || !isHsmType(hsmType)) continue
    const { checkWith } = await import('./check-with.ts')
    const key = csr === undefined ? { publicKey: spki } : { csr }
    const package_ = Buffer.from(keyAttestation, 'base64')
    const verdict = await checkWith(configuration, { hsmType, package: package_, ...key, now: Date.now() }).catch(
      (error: unknown) => {
        if (!(error instanceof EnrollError)) throw error
        const { code, message, remedy } = error
        findings.push(warning(code, `the key attestation cannot be read: ${message}`, remedy))
        return undefined
      },
    )
    findings.push(...findingsOf(verdict))
    judged.push({ hsmType, keyAttestation, csrSpkiSha256: spkiSha256, ...(verdict === undefined ? {} : { verdict }) })
  }
  judged.sort((a, b) => Number(a.verdict?.acceptable === true) - Number(b.verdict?.acceptable === true))
  return { judged, findings }
}

const warning = (code: string, message: string, remedy: string): Finding => ({
  area: 'evidence',
  severity: 'warning',
  code,
  message,
  remedy,
})

const findingsOf = (verdict: AttestationResult | undefined): readonly Finding[] =>
  (verdict?.checks ?? [])
    .filter(({ status }) => status === 'fail')
    .map(({ id, detail, remedy = '' }) =>
      warning(id, `the key attestation does not hold here (${id}): ${detail}`, remedy),
    )
