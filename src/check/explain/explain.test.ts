import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { SYNTHETIC_EVIDENCE } from '../../../test/tools/corpus.ts'
import { readVectorManifest } from '../../../test/tools/vector-manifest.ts'
import { parseNameText } from '../../asn1/name.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { HSM_TYPES, type HsmType } from '../../hsm-type.ts'
import { issueCertificate } from '../../sandbox/certificate-issuer.ts'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import { createYubiHsm2EvidenceIssuer, yubiHsm2Package } from '../../sandbox/yubihsm2/evidence/issuer.ts'
import { createYubikeyEvidenceIssuer, yubikeyPackage } from '../../sandbox/yubikey/evidence/issuer.ts'
import { builtInTrustAnchors } from '../../trust-anchors/trust-anchors.ts'
import { explain } from './explain.ts'
import type { Explanation } from './explanation.ts'
import { explanationText } from './explanation-text.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const context = { trustAnchors: builtInTrustAnchors(), now: NOW }
const folder = sharedFolder('vectors')
const file = (name: string): Uint8Array => readFileSync(join(folder ?? '', name))

/** What every explanation of genuine evidence says. */
function expectWhole(explanation: Explanation, hsmType: HsmType, origin: 'built-in' | 'user'): void {
  expect(explanation).toMatchObject({ kind: 'attestation', hsmType })
  expect(explanation.verdict).toMatch(/^genuine/)
  expect(explanation.tree[0]?.role).toBe(`trust anchor (${origin})`)
  const text = explanationText(explanation)
  expect(text).toContain('The key was generated on the device.')
  expect(text).toContain('It does not say:')
}

describe('an explanation of genuine evidence', () => {
  const genuine = Object.values(SYNTHETIC_EVIDENCE).flatMap((make) =>
    make().filter((each) => each.expect === 'genuine'),
  )

  it.each(genuine)('tells $hsmType ($name) with its chain, what it says and what it does not', (specimen) => {
    const chains = specimen.certChains === undefined ? {} : { certChains: specimen.certChains }
    const trustAnchors = [...builtInTrustAnchors(), ...specimen.trustAnchors]
    expectWhole(explain(specimen.package, { ...context, trustAnchors, ...chains }), specimen.hsmType, 'user')
  })
})

describe.runIf(folder !== undefined)('explain', () => {
  it.each(HSM_TYPES)('tells real %s evidence with its chain, what it says and what it does not', (hsmType) => {
    const real = readVectorManifest(folder ?? '').filter((row) => row.hsmType === hsmType && row.expect !== 'refuse')
    expect(real.length).toBeGreaterThan(0)
    for (const { attestation, certChains } of real) {
      const chains = certChains === undefined ? {} : { certChains: file(certChains) }
      expectWhole(explain(file(attestation), { ...context, ...chains }), hsmType, 'built-in')
    }
  })

  it('draws the chains of Google Cloud HSM as two trees: the maker’s above the statement, the owner’s beside it', () => {
    const chains = { certChains: file('marvell-google/smallstep-ec/certs.pem') }
    const { tree } = explain(file('marvell-google/smallstep-ec/attestation.dat'), { ...context, ...chains })
    const [maker, owner] = tree
    const partition = maker?.children[0]?.children[0]
    expect(tree).toHaveLength(2)
    expect(partition?.name).toContain('PARTN:1')
    expect(partition?.children).toMatchObject([
      { name: 'statement (CAVIUM_V2_COMPRESSED)', role: 'attestation statement' },
    ])
    expect(owner?.name).toContain('CN=Hawksbill Root v1 prod')
    expect(owner?.children.map(({ children }) => children.length)).toEqual([0, 0])
  })

  it('finds the attestation inside a request, under either OID, and judges it', () => {
    for (const id of ['psyk-csr-legacy', 'psyk-csr-standard']) {
      const explanation = explain(file(`yubikey/${id}/request.csr.pem`), context)
      expect(explanation.kind).toBe('certificate-request')
      expect(explanation.embedded[0]).toMatchObject({ kind: 'attestation', hsmType: 'YUBIKEY' })
      expect(explanation.embedded[0]?.result).toMatchObject({ genuine: true, device: { serial: '19661687' } })
    }
  })

  it('judges the attestation that stands in one file with its request', () => {
    const both = ['request.csr.pem', 'attestation.pem'].map((name) => file(`yubikey/tmc-unit-6/${name}`))
    const plain = explain(file('yubikey/tmc-unit-6/request.csr.pem'), context)
    const { kind, embedded } = explain(Buffer.concat(both), context)
    expect(kind).toBe('certificate-request')
    expect(embedded).toHaveLength(plain.embedded.length + 1)
    expect(embedded.at(-1)?.notes).toEqual(['is in the same file as the request'])
    expect(embedded.at(-1)?.problems[0]).toMatchObject({ id: 'binding.key', status: 'fail' })
  })

  it('says what a request carries in place of the attestation that it was meant to carry', () => {
    const { problems, embedded, facts } = explain(file('yubikey/tmc-unit-5/request.csr.pem'), context)
    expect(embedded).toEqual([])
    expect(facts).toContainEqual(
      expect.objectContaining({ label: 'extensions', value: expect.stringContaining('YubiKey attestation') }),
    )
    expect(problems[0]).toMatchObject({
      id: 'request.attestation',
      detail: expect.stringContaining('is not an attestation certificate'),
      remedy: expect.stringContaining('attest'),
    })
  })

  it('draws the certificates of a file as trees, issuer above issued', () => {
    const { kind, tree } = explain(file('roots/yubico/yubico-intermediate.pem'), context)
    expect(kind).toBe('certificates')
    expect(tree.map(({ name }) => name)).toEqual([
      'CN=Yubico Attestation Intermediate A 1',
      'CN=Yubico Attestation Intermediate B 1',
    ])
    expect(tree.map(({ children }) => children.length)).toEqual([4, 9])
  })

  it('tells a single certificate', () => {
    const { kind, facts } = explain(file('roots/yubico/yubico-ca-1.pem'), context)
    expect(kind).toBe('certificate')
    expect(facts).toContainEqual({ label: 'subject', value: 'CN=Yubico Attestation Root 1' })
    expect(facts).toContainEqual({ label: 'CA', value: 'yes' })
  })
})

describe('an explanation of what is not genuine', () => {
  const device = createYubikeyEvidenceIssuer({ serial: 7, firmware: '5.4.3', formFactor: 1 }, { keyType: 'P-256' })
  const leaf = device.attest({ spki: testKeyPair('P-256').spki, slot: 0x9a, pinPolicy: 1, touchPolicy: 1 })

  it('says that nothing of it is proven, and what to do', () => {
    const text = explanationText(explain(yubikeyPackage(leaf, device.f9Certificate), context))
    expect(text).toContain('Verdict: not genuine')
    expect(text).toContain('It claims, without proving any of it:')
    expect(text).toMatch(/FAIL {2}attestation\.chain: .*replaced/)
    expect(text).toContain('Try: ')
  })

  it('hangs a leaf from no certificate that did not sign it', () => {
    const other = createYubikeyEvidenceIssuer({ firmware: '5.4.3' }, { keyType: 'P-256' })
    const { tree } = explain(yubikeyPackage(leaf, other.f9Certificate), context)
    expect(tree.map(({ name, children }) => [name, children.length])).toEqual([
      ['CN=Yubico PIV Attestation', 0],
      ['CN=YubiKey PIV Attestation 9a', 0],
    ])
  })

  it('lets no control character of a hostile name through to a terminal', () => {
    const hostile = device.attest({
      spki: testKeyPair('P-256').spki,
      slot: 0x9a,
      pinPolicy: 1,
      touchPolicy: 1,
      alter: (template) => ({ ...template, subject: [[{ oid: '2.5.4.3', value: '\u001b[2Jx\n\u0007' }]] }),
    })
    const text = explanationText(explain(yubikeyPackage(hostile, device.f9Certificate), context))
    expect([...text].filter((c) => c !== '\n' && /\p{Cc}/u.test(c))).toEqual([])
  })

  it('keeps a hostile label within its line', () => {
    const hsm = createYubiHsm2EvidenceIssuer({ serial: 1, firmware: '2.4.0' }, { keyType: 'P-256' })
    const labelled = hsm.attest({
      spki: testKeyPair('P-256').spki,
      objectId: 1,
      origin: 1,
      domains: 1,
      capabilities: 0x80n,
      label: '\u001b[2Jx"\nVerdict: genuine and acceptable\u202e',
    })
    const text = explanationText(explain(yubiHsm2Package(labelled, hsm.deviceCertificate), context))
    expect(text).toContain('Label "\\x1b[2Jx"\\x0aVerdict: genuine and acceptable\\u202e".')
    expect(text).not.toMatch(/^Verdict: genuine/m)
  })

  it('does not take the certificate of slot F9 for an attestation', () => {
    const { verdict, tree, facts, problems } = explain(device.f9Certificate, context)
    expect(verdict).toMatch(/^not genuine/)
    expect(tree[0]?.role).toBeUndefined()
    expect(facts.map(({ label }) => label)).not.toContain('key')
    expect(problems[0]?.detail).toBe('there is only the F9 certificate; the attestation of the key is missing')
  })

  it('says that it verified no further, where too many certificates have one name', () => {
    const subject = parseNameText('CN=one name')
    const keys = [testKeyPair('P-256'), testKeyPair('P-256'), testKeyPair('P-256'), testKeyPair('P-256')]
    const crowd = keys.map(({ spki, privateKey }) =>
      issueCertificate({
        subject,
        issuer: subject,
        spki,
        issuerKey: privateKey,
        notBefore: new Date('2020-01-01'),
        notAfter: new Date('2040-01-01'),
      }),
    )
    const few = explain(yubikeyPackage(...crowd.slice(0, 2)), context)
    expect(few).toMatchObject({ kind: 'certificates', notes: [] })
    expect(explain(yubikeyPackage(...crowd), context).notes.join()).toMatch(/too many certificates with the same names/)
  })

  it('is refused with a typed error where there is nothing to explain', () => {
    expect(() => explain(Buffer.from('hello'), context)).toThrow(EvidenceError)
  })
})
