/** The only path with leniency: the leaf of a Luna confirmation, walked by the family's own chain check. */
import { type AlgorithmIdentifier, type Certificate, parseCertificate } from '../../src/asn1/certificate.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { CheckList } from '../../src/attestation/contract/check-list.ts'
import { checkLunaChain } from '../../src/attestation/luna/chain.ts'
import { LUNA_FORMS } from '../../src/attestation/luna/roles.ts'
import { LUNA_RULES } from '../../src/attestation/luna/rules.ts'
import { basicConstraints, issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { testTrustAnchor } from '../../src/sandbox/synthetic-evidence.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { certificateOver } from './signature-paths.ts'
import type { Vector } from './wycheproof.ts'

const ROOT = parseNameText('CN=root of the signature suite')
const ORIGIN = parseNameText('CN=hardware origin of the signature suite')
const DATES = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') }
const NOW = Date.parse('2026-11-22T00:00:00Z')
const FORM = LUNA_FORMS.find(({ keyType }) => keyType === 'EC')

/** Certifies suite keys as hardware origin keys under a test root and lets `checkLunaChain` judge leaves over the suite's messages. */
export class LunaLeaf {
  readonly #rootKey = testKeyPair('P-384')
  readonly #anchors = [testTrustAnchor(this.#certify(ROOT, this.#rootKey.spki), ['LUNA'])]
  readonly #origins = new Map<string, Certificate>()

  /** Does the leaf over this message pass the chain check? */
  accepts(vector: Pick<Vector, 'spki' | 'message' | 'signature'>, algorithm: AlgorithmIdentifier): boolean {
    if (FORM === undefined) throw new Error('there is no EC form')
    const origin = this.#origin(vector.spki)
    const leaf: Certificate = { ...certificateOver(vector, algorithm), issuer: origin.subject }
    const checks = new CheckList()
    checkLunaChain([leaf, origin], FORM, { trustAnchors: this.#anchors, now: NOW }, checks)
    const outcome = (id: string) => checks.checks.find((check) => check.id === id)?.status
    if (outcome(LUNA_RULES.root.id) !== 'pass') throw new Error('the origin certificate itself was refused')
    return outcome(LUNA_RULES.chain.id) === 'pass'
  }

  #origin(spki: Uint8Array): Certificate {
    const name = Buffer.from(spki).toString('latin1')
    const known = this.#origins.get(name)
    if (known !== undefined) return known
    const origin = parseCertificate(this.#certify(ORIGIN, spki))
    this.#origins.set(name, origin)
    return origin
  }

  #certify(subject: typeof ROOT, spki: Uint8Array): Uint8Array {
    return issueCertificate({
      subject,
      issuer: ROOT,
      spki,
      issuerKey: this.#rootKey.privateKey,
      hash: 'sha384',
      ...DATES,
      extensions: [basicConstraints(true)],
    })
  }
}
