import { describe, expect, it } from 'vitest'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import {
  createYubikeyEvidenceIssuer,
  createYubikeyTestRoot,
  yubikeyPackage,
} from '../../sandbox/yubikey/evidence/issuer.ts'
import type { FamilyVerdict } from '../contract/verify-attestation.ts'
import { yubikey } from './verify.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const failures = (verdict: FamilyVerdict) => verdict.checks.filter(({ status }) => status === 'fail')

describe('YubiKey claims', () => {
  const issuer = createYubikeyEvidenceIssuer(
    { serial: 0xfedcba98, firmware: '5.7.4', formFactor: 0x83 },
    { keyType: 'P-256' },
  )
  const { spki } = testKeyPair('P-384')
  const leaf = issuer.attest({ spki, slot: 0x95, pinPolicy: 5, touchPolicy: 3 })

  it('come out as the device wrote them', () => {
    const verdict = yubikey.verify(yubikeyPackage(leaf, issuer.f9Certificate), {
      trustAnchors: issuer.trustAnchors,
      now: NOW,
    })
    expect(verdict.device).toEqual({
      vendor: 'Yubico',
      model: 'YubiKey, USB-C keychain',
      serial: '4275878552',
      firmware: '5.7.4',
      fips: 'certified',
    })
    expect(verdict.claims).toMatchObject({
      local: true,
      extractable: false,
      pinPolicy: 'match-always',
      touchPolicy: 'cached',
      slot: '95',
      formFactor: '83',
    })
    expect(Buffer.compare(verdict.spki ?? new Uint8Array(), spki)).toBe(0)
  })

  it('names the likelier cause, not "invalid signature"', () => {
    const other = createYubikeyEvidenceIssuer({ firmware: '5.4.3' }, { keyType: 'P-256', root: issuer.root })
    const verdict = yubikey.verify(yubikeyPackage(leaf, other.f9Certificate), {
      trustAnchors: issuer.trustAnchors,
      now: NOW,
    })
    const [failure] = failures(verdict)
    expect(failure?.detail).toContain('another YubiKey or batch')
    expect(failure?.remedy).toContain('read-certificate -s f9')
  })

  it('knows an F9 certificate of another device by its dates, and reaches no anchor through it', () => {
    const other = createYubikeyEvidenceIssuer(
      { firmware: '5.7.4' },
      { keyType: 'P-256', root: issuer.root, notAfter: new Date('2050-09-04') },
    )
    const verdict = yubikey.verify(yubikeyPackage(leaf, other.f9Certificate), {
      trustAnchors: issuer.trustAnchors,
      now: NOW,
    })
    expect(failures(verdict)).toEqual([
      expect.objectContaining({ detail: expect.stringMatching(/belongs to another YubiKey: .* dates/) }),
    ])
    expect(verdict).not.toHaveProperty('trustAnchor')
  })

  it('names the issuer at the end of a chain, not that of F9, where the package goes further up', () => {
    const own = createYubikeyEvidenceIssuer(
      { firmware: '5.7.4', hierarchy: 'intermediate' },
      { keyType: 'P-256', root: createYubikeyTestRoot('P-256', 'Own Root') },
    )
    const chain = yubikeyPackage(
      own.attest({ spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 }),
      own.f9Certificate,
      ...own.intermediates,
    )
    const [failure] = failures(yubikey.verify(chain, { trustAnchors: issuer.trustAnchors, now: NOW }))
    expect(failure?.detail).toContain('the chain of F9 ends with CN=Own Root')
    expect(failure?.remedy).toContain('--trust-anchors')
  })

  it('calls a certificate without extensions what it is, not a CA', () => {
    const bare = issuer.attest({
      spki,
      slot: 0x9c,
      pinPolicy: 2,
      touchPolicy: 1,
      alter: (template) => ({ ...template, extensions: [] }),
    })
    const verdict = yubikey.verify(yubikeyPackage(bare, issuer.f9Certificate), {
      trustAnchors: issuer.trustAnchors,
      now: NOW,
    })
    expect(failures(verdict)[0]?.detail).toContain('version 1')
  })

  it('names the certificate that is outside its dates, and the day', () => {
    const verdict = yubikey.verify(yubikeyPackage(leaf, issuer.f9Certificate), {
      trustAnchors: issuer.trustAnchors,
      now: Date.parse('2053-01-01T00:00:00Z'),
    })
    expect(failures(verdict)[0]).toMatchObject({
      id: 'attestation.dates',
      detail: 'CN=YubiKey PIV Attestation 95 is valid from 2016-03-14 to 2052-04-17, but today is 2053-01-01',
    })
  })

  it('tells a swapped pair to be put in order, not exported again', () => {
    const [failure, ...others] = failures(
      yubikey.verify(yubikeyPackage(issuer.f9Certificate, leaf), { trustAnchors: issuer.trustAnchors, now: NOW }),
    )
    expect(failure).toMatchObject({
      id: 'attestation.package',
      detail: expect.stringContaining('F9 comes first'),
      remedy: expect.stringContaining('you need not export anything again'),
    })
    expect(others).toEqual([])
  })

  it('takes the key of F9 for no attested key, where F9 is alone', () => {
    const verdict = yubikey.verify(yubikeyPackage(issuer.f9Certificate), {
      trustAnchors: issuer.trustAnchors,
      now: NOW,
    })
    expect(verdict).toMatchObject({ genuine: false, claims: {} })
    expect(verdict).not.toHaveProperty('attestedKey')
    expect(failures(verdict).map(({ detail }) => detail)).toEqual([
      'there is only the F9 certificate; the attestation of the key is missing',
    ])
  })

  it('says of a bundle of 16 copies that they are copies', () => {
    const many = yubikeyPackage(leaf, issuer.f9Certificate, ...new Array<Uint8Array>(14).fill(issuer.root.certificate))
    const verdict = yubikey.verify(many, { trustAnchors: issuer.trustAnchors, now: NOW })
    expect(failures(verdict)).toEqual([
      expect.objectContaining({ id: 'attestation.package', detail: expect.stringContaining('once more') }),
    ])
  })
})
