import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startCertificateAuthority } from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import {
  createYubiHsm2EvidenceIssuer,
  type YubiHsm2AttestRequest,
  type YubiHsm2EvidenceIssuer,
  yubiHsm2Package,
} from '../../src/sandbox/yubihsm2/evidence/issuer.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { clientOptions, documentSigningForm, sharedKey } from './rehearsal-kit.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const SIGN_ECDSA = 1n << 7n
const EXPORTABLE = 1n << 16n

let device: YubiHsm2EvidenceIssuer
beforeAll(() => {
  device = createYubiHsm2EvidenceIssuer(
    { serial: 7550054, firmware: '2.4.0', fipsCertificate: 6 },
    { keyType: 'P-256' },
  )
})

/** An order with evidence of the real shape, judged by the program's own verifiers up to the device's test root. */
async function order(change: Partial<YubiHsm2AttestRequest> = {}, anchors = device.trustAnchors): Promise<string> {
  const leaf = device.attest({
    spki: sharedKey('P-256').spki,
    objectId: 0x0102,
    origin: 0x01,
    domains: 0x0001,
    capabilities: SIGN_ECDSA,
    label: 'signing',
    ...change,
  })
  const ca = await startCertificateAuthority({ trustAnchors: anchors })
  closers.push(() => ca.close())
  const keyAttestation = Buffer.from(yubiHsm2Package(leaf, device.deviceCertificate)).toString('base64')
  const outcome = await createSectigo(clientOptions(ca)).applyOrder(documentSigningForm({ keyAttestation }))
  return outcome.kind === 'rejected' ? `${outcome.refusal.code} ${outcome.refusal.message}` : outcome.kind
}

describe('a key attested by a device', () => {
  test('is accepted where its test root is trusted, and only there', async () => {
    expect(await order()).toBe('ordered')
    expect(await order({}, [])).toContain('-129 Error in key attestation verification')
  })

  test('that is not the key of the CSR is refused by its binding', async () => {
    expect(await order({ spki: sharedKey('P-384').spki })).toContain('the attested key is not the key of the CSR')
  })

  test('that was imported or can be exported is refused with the reason as context', async () => {
    const reasons = [await order({ origin: 0x02 }), await order({ capabilities: SIGN_ECDSA | EXPORTABLE })]
    for (const reason of reasons) {
      expect(reason).toContain("-129 Error in key attestation verification '")
      expect(reason).not.toContain('is not the key of the CSR')
    }
  })
})
