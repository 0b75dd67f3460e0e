import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { mutateBytes } from '../../../test/tools/mutate.ts'
import { sequence } from '../../asn1/der-writer.ts'
import { writePem } from '../../asn1/pem.ts'
import { EnrollError } from '../../errors.ts'
import { certsOnly, createLunaEvidenceIssuer } from '../../sandbox/luna/evidence/issuer.ts'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import { LUNA_TRUST_ANCHORS } from '../../trust-anchors/luna.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { luna } from './verify.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const folder = sharedFolder('vectors')
const verify = (package_: Uint8Array, trustAnchors: readonly TrustAnchor[] = LUNA_TRUST_ANCHORS, now = NOW) =>
  luna.verify(package_, { trustAnchors, now })
const failed = (package_: Uint8Array, trustAnchors?: readonly TrustAnchor[], now?: number) =>
  verify(package_, trustAnchors, now).checks.filter(({ status }) => status === 'fail')

/** Genuine, or refused in one of the two ways that are allowed. */
function isGenuine(package_: Uint8Array, trustAnchors: readonly TrustAnchor[]): boolean {
  try {
    return verify(package_, trustAnchors).genuine
  } catch (error) {
    expect(error).toBeInstanceOf(EnrollError)
    return false
  }
}

describe.runIf(folder !== undefined)("Thales's RSA sample", () => {
  const package_ =
    folder === undefined ? new Uint8Array() : readFileSync(join(folder, 'luna/thales-rsa/attestation.p7b'))

  it('is genuine and says what Thales says of it', () => {
    const verdict = verify(package_)
    expect(verdict.genuine).toBe(true)
    expect(verdict.trustAnchor?.name).toBe('Chrysalis-ITS Root')
    expect(verdict.device).toEqual({
      vendor: 'Thales',
      model: 'Luna K7',
      serial: '521174',
      firmware: '7.84',
      fips: 'unknown',
    })
    expect(verdict.claims).toMatchObject({
      key: 'RSA2048',
      serial: 521174,
      firmware: '7.84',
      ouid: '41000000ae000002d6f30700',
      // Two of the confirmation, two of the hardware origin certificate.
      unpublishedExtensions: [
        '1.3.6.1.4.1.12383.2.4=02000000',
        '1.3.6.1.4.1.12383.2.5=030204f0',
        '1.3.6.1.4.1.12383.2.6=00000000',
        '1.3.6.1.4.1.12383.2.7=0a000000',
      ],
    })
    expect(verdict.chain.map(({ sha256 }) => sha256)).toHaveLength(5)
  })

  it('is genuine as PEM', () => expect(verify(Buffer.from(writePem('PKCS7', package_))).genuine).toBe(true))

  it('was not valid before it began, and will not be when the HSM’s certificates end', () => {
    for (const date of ['2020-02-29', '2032-05-06']) {
      expect(failed(package_, undefined, Date.parse(date)).map(({ id }) => id)).toEqual(['attestation.validity'])
    }
  })

  it('ends with its root on 2032-01-01, before its own certificates do', () => {
    const [failure] = failed(package_, undefined, Date.parse('2032-02-01'))
    expect(failure?.detail).toContain('Chrysalis-ITS Root')
  })

  it('is not genuine under another anchor of the same name', () => {
    const [rsa, ec] = LUNA_TRUST_ANCHORS
    const forged = rsa === undefined || ec === undefined ? [] : [{ ...rsa, spki: ec.spki }]
    expect(failed(package_, forged)[0]?.id).toBe('attestation.root')
  })

  it('is not genuine with any bit changed', () => {
    const anchors = LUNA_TRUST_ANCHORS
    fc.assert(
      fc.property(fc.nat(), (change) => {
        const mutant = mutateBytes(package_, change)
        if (Buffer.compare(mutant, package_) !== 0) expect(isGenuine(mutant, anchors)).toBe(false)
      }),
      { numRuns: 800, seed: 1 },
    )
  })
})

describe('Luna confirmations of EC keys', () => {
  const issuer = createLunaEvidenceIssuer({ serial: 7 })
  const { trustAnchors } = issuer

  it('verify whatever the top bits of r and s are', () => {
    for (let i = 0; i < 24; i++)
      expect(verify(issuer.confirm({ spki: testKeyPair('P-256').spki }), trustAnchors).genuine).toBe(true)
  })

  it('are not genuine with any bit changed', () => {
    const package_ = issuer.confirm({ spki: testKeyPair('P-256').spki })
    fc.assert(
      fc.property(fc.nat(), (change) => {
        const mutant = mutateBytes(package_, change)
        if (Buffer.compare(mutant, package_) !== 0) expect(isGenuine(mutant, trustAnchors)).toBe(false)
      }),
      { numRuns: 400, seed: 2 },
    )
  })

  it('name the wrong pkctype', () => {
    const [failure] = failed(
      issuer.confirm({ spki: testKeyPair('RSA-2048').spki, form: 'tc-trustcenter' }),
      trustAnchors,
    )
    expect(failure?.detail).toContain('TC TrustCenter type (pkctype 1)')
    expect(failure?.remedy).toContain('-pkctype=2')
  })

  it('say so where the chain above is that of the other kind of key', () => {
    const [underRsa] = failed(issuer.confirm({ spki: testKeyPair('P-256').spki, form: 'chrysalis' }), trustAnchors)
    expect(underRsa?.detail).toContain('The confirmed key is EC, but the certificates above it are for RSA keys')
    expect(underRsa?.remedy).toContain('CKA_PKC_ECC for an EC key')
    const [underEc] = failed(issuer.confirm({ spki: testKeyPair('RSA-2048').spki, form: 'ec' }), trustAnchors)
    expect(underEc?.detail).toContain('The confirmed key is RSA, but the certificates above it are for EC keys')
  })

  it('name the likely cause where all certificates are there in another order', () => {
    const [leaf, origin, root] = issuer.certificates({ spki: testKeyPair('P-256').spki })
    const certificates = [leaf, root, origin].filter((one) => one !== undefined)
    const [failure, ...others] = failed(certsOnly(certificates), trustAnchors)
    expect(failure?.id).toBe('attestation.roles')
    expect(failure?.detail).toContain('another program probably rewrote the PKCS#7')
    expect(others).toEqual([])
    const verdict = verify(certsOnly(certificates), trustAnchors)
    expect(verdict.attestedKey?.curve).toBe('P-256')
  })

  it('whose role is not critical are not called out of order', () => {
    const uncritical = issuer.confirm({
      spki: testKeyPair('P-256').spki,
      alter: (template) => ({
        ...template,
        extensions:
          template.extensions?.map((one) => (one.oid === '2.5.29.37' ? { ...one, critical: false } : one)) ?? [],
      }),
    })
    const [failure] = failed(uncritical, trustAnchors)
    expect(failure?.id).toBe('attestation.roles')
    expect(failure?.detail).toMatch(/Certificate 1 does not have the role .*critical, alone/)
  })

  it('that name no HSM are genuine, and say no serial number', () => {
    const nameless = issuer.confirm({
      spki: testKeyPair('P-256').spki,
      alter: (template) => ({
        ...template,
        extensions: template.extensions?.filter(({ oid }) => oid !== '1.3.6.1.4.1.12383.2.1') ?? [],
      }),
    })
    const { genuine, checks, claims, device } = verify(nameless, trustAnchors)
    expect(genuine).toBe(true)
    expect(checks.find(({ id }) => id === 'attestation.serial')?.status).toBe('not-applicable')
    expect(claims).not.toHaveProperty('serial')
    expect(device).not.toHaveProperty('serial')
  })

  it('do not blame the pkctype for certificates that were lost', () => {
    const [leaf, device, origin] = issuer.certificates({ spki: testKeyPair('RSA-2048').spki })
    const kept = [leaf, device, origin].filter((one) => one !== undefined)
    expect(failed(certsOnly(kept), trustAnchors)[0]?.detail).toContain('some were lost')
  })
})

describe('what is no confirmation', () => {
  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['one PEM certificate', writePem('CERTIFICATE', Buffer.from('3000', 'hex'))],
    ['PEM that is cut off', '-----BEGIN PKCS7-----\nMIIB'],
    ['two PEM blocks', writePem('PKCS7', Buffer.of(0x30, 0)).repeat(2)],
  ])('is an error that says so: %s', (_, text) => {
    expect(() => verify(Buffer.from(text))).toThrow(/Could not read the Luna public key confirmation/)
  })

  it('is refused with a typed error when it is made to take long', () => {
    const nested = (depth: number): Uint8Array => (depth === 0 ? sequence() : sequence(nested(depth - 1)))
    const hostile = [
      nested(200),
      sequence(...Array.from({ length: 12_000 }, () => sequence())),
      Buffer.alloc(24_575, 0x30),
    ]
    for (const package_ of hostile) {
      expect(() => verify(package_)).toThrow(EnrollError)
    }
  })
})
