import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../../test/shared-folder.ts'
import { SYNTHETIC_EVIDENCE } from '../../test/tools/corpus.ts'
import { readVectorManifest } from '../../test/tools/vector-manifest.ts'
import { contextTag } from '../asn1/der.ts'
import { bitString, integer, nullValue, oid, sequence, tlv } from '../asn1/der-writer.ts'
import { encodeName, parseNameText } from '../asn1/name.ts'
import { EvidenceError } from '../attestation/contract/evidence-error.ts'
import { buildCertificationRequest } from '../csr/build-certification-request.ts'
import type { CertificationRequest } from '../csr/certification-request.ts'
import { HSM_TYPES } from '../hsm-type.ts'
import { createYubiHsm2EvidenceIssuer, yubiHsm2Package } from '../sandbox/yubihsm2/evidence/issuer.ts'
import { createYubikeyEvidenceIssuer, yubikeyPackage } from '../sandbox/yubikey/evidence/issuer.ts'
import { builtInTrustAnchors } from '../trust-anchors/trust-anchors.ts'
import { checkAttestation } from './check-attestation.ts'
import { explain } from './explain/explain.ts'
import { policyProfile } from './policy/policy-profile.ts'
import { readEvidence } from './read/evidence-input.ts'
import { readCertificationRequest } from './read/request-input.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const schema: object = JSON.parse(
  readFileSync(new URL('../../schemas/attestation-result.schema.json', import.meta.url), 'utf8'),
)
const validate = new Ajv2020({ allErrors: true, validateFormats: false }).compile(schema)

const issuer = createYubikeyEvidenceIssuer(
  { serial: 12345678, firmware: '5.4.3', formFactor: 0x81 },
  { keyType: 'P-256' },
)
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
const leaf = issuer.attest({ spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 2 })
const base = {
  package: yubikeyPackage(leaf, issuer.f9Certificate),
  trustAnchors: [...builtInTrustAnchors('YUBIKEY'), ...issuer.trustAnchors],
  now: NOW,
}

function request(): Promise<CertificationRequest> {
  return buildCertificationRequest(
    { subject: parseNameText('CN=Example Ltd,C=NL') },
    { publicKey: spki, sign: async (hash, data) => sign(hash.replace('-', ''), data, privateKey) },
  )
}

describe('checkAttestation', () => {
  it('accepts a FIPS key that the request was signed with, and recognises its family', async () => {
    const result = checkAttestation({ ...base, csr: await request() })
    expect(result).toMatchObject({ hsmType: 'YUBIKEY', genuine: true, acceptable: true })
    expect(result.trustAnchor?.origin).toBe('user')
    expect(result.checks.find(({ id }) => id === 'binding.key')?.status).toBe('pass')
    expect(validate(JSON.parse(JSON.stringify(result))), JSON.stringify(validate.errors)).toBe(true)
  })

  it('refuses the request of another key, and says so', async () => {
    const other = issuer.attest({
      spki: new Uint8Array(
        generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'der' }),
      ),
      slot: 0x9a,
      pinPolicy: 2,
      touchPolicy: 2,
    })
    const result = checkAttestation({
      ...base,
      package: yubikeyPackage(other, issuer.f9Certificate),
      csr: await request(),
    })
    expect(result).toMatchObject({ genuine: true, acceptable: false })
    expect(result.checks.find(({ id }) => id === 'binding.key')).toMatchObject({ status: 'fail' })
  })

  it('refuses a request whose signature was altered', async () => {
    const csr = await request()
    const signature = Uint8Array.from(csr.signature)
    signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1
    const result = checkAttestation({ ...base, csr: { ...csr, signature } })
    expect(result.acceptable).toBe(false)
    expect(result.checks.find(({ id }) => id === 'binding.signature')?.status).toBe('fail')
  })

  it('binds to a bare public key as well', () => {
    expect(checkAttestation({ ...base, publicKey: spki }).acceptable).toBe(true)
    expect(checkAttestation({ ...base, publicKey: spki.subarray(1) }).acceptable).toBe(false)
  })

  it('says whose evidence it is when another family was named', () => {
    expect(() => checkAttestation({ ...base, hsmType: 'YUBIHSM2' })).toThrow(EvidenceError)
    expect(() => checkAttestation({ ...base, hsmType: 'YUBIHSM2' })).toThrow(/YUBIKEY evidence/)
  })

  it('recognises a home-made attestation by its extensions, and refuses it', () => {
    const subject = [[{ oid: '2.5.4.10', value: 'Test Device' }]]
    const certificates = [
      issuer.attest({
        spki,
        slot: 0x9c,
        pinPolicy: 2,
        touchPolicy: 2,
        alter: (template) => ({ ...template, subject }),
      }),
      issuer.root.certificate,
    ]
    const result = checkAttestation({ ...base, package: yubikeyPackage(...certificates) })
    expect(result).toMatchObject({ hsmType: 'YUBIKEY', genuine: false })
    const hsm = createYubiHsm2EvidenceIssuer({ serial: 1, firmware: '2.4.0' }, { keyType: 'P-256' })
    const object = { spki, objectId: 1, origin: 1, domains: 1, capabilities: 0x80n, label: '' }
    const ofObject = hsm.attest({ ...object, alter: (template) => ({ ...template, subject }) })
    expect(checkAttestation({ ...base, package: yubiHsm2Package(ofObject, hsm.root.certificate) })).toMatchObject({
      hsmType: 'YUBIHSM2',
      genuine: false,
    })
  })

  it('says what stands there where it is no attestation', () => {
    const check =
      (...certificates: readonly Uint8Array[]) =>
      () =>
        checkAttestation({ ...base, package: yubikeyPackage(...certificates) })
    expect(check(issuer.root.certificate)).toThrow(/starts with the certificate of CN=hsm-enroll sandbox/)
    expect(check(Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x05))).toThrow(/first certificate is malformed. .*1 parts/)
    expect(check(...new Array<Uint8Array>(17).fill(issuer.f9Certificate))).toThrow(/17 certificates are too many/)
  })

  it.each([
    [
      'no attributes element',
      [],
      [],
      /the attributes element .* missing.*most CAs' parsers refuse it; the device must sign/,
    ],
    [
      'NULL parameters beside ECDSA',
      [tlv(contextTag(0))],
      [nullValue()],
      /the ECDSA signature algorithm has parameters/,
    ],
  ])('warns of a request with %s, as inspect does, and accepts it', (_what, attributes, parameters, detail) => {
    const info = sequence(integer(0), encodeName(parseNameText('CN=Example Ltd,C=NL')), spki, ...attributes)
    const algorithm = sequence(oid('1.2.840.10045.4.3.3'), ...parameters)
    const csr = readCertificationRequest(sequence(info, algorithm, bitString(sign('sha384', info, privateKey))))
    const warning = {
      id: 'policy.request.form',
      status: 'warn',
      detail: expect.stringMatching(detail),
      remedy: expect.stringContaining('sign a new request with the same key'),
    }
    const { acceptable, checks } = checkAttestation({ ...base, csr })
    expect(acceptable).toBe(true)
    expect(checks).toContainEqual(expect.objectContaining(warning))
    const { problems } = explain(csr.der, { trustAnchors: base.trustAnchors, now: NOW })
    expect(problems).toContainEqual(expect.objectContaining(warning))
  })

  it('does not call a signature wrong that it does not judge', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const key = publicKey.export({ type: 'spki', format: 'der' })
    const info = sequence(integer(0), encodeName(parseNameText('CN=x')), key, tlv(contextTag(0)))
    const csr = readCertificationRequest(
      sequence(info, sequence(oid('1.3.101.112')), bitString(sign(null, info, privateKey))),
    )
    const leaf = issuer.attest({ spki: key, slot: 0x9c, pinPolicy: 2, touchPolicy: 2 })
    const { acceptable, checks } = checkAttestation({
      ...base,
      package: yubikeyPackage(leaf, issuer.f9Certificate),
      csr,
    })
    const signature = checks.find(({ id }) => id === 'binding.signature')
    expect(acceptable).toBe(false)
    expect(signature?.detail).toContain('an algorithm (1.3.101.112)')
    expect(signature?.remedy).toContain('ECDSA')
    const said = explain(csr.der, { trustAnchors: base.trustAnchors, now: NOW })
    expect(JSON.stringify(said)).toContain('was not verified')
  })

  it('does not call a signature wrong whose key it cannot read', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime192v1' })
    const key = publicKey.export({ type: 'spki', format: 'der' })
    const info = sequence(integer(0), encodeName(parseNameText('CN=x')), key, tlv(contextTag(0)))
    const signed = bitString(sign('sha256', info, privateKey))
    const csr = readCertificationRequest(sequence(info, sequence(oid('1.2.840.10045.4.3.2')), signed))
    const { checks } = checkAttestation({ ...base, csr })
    const signature = checks.find(({ id }) => id === 'binding.signature')
    expect(signature).toMatchObject({ status: 'fail', detail: expect.stringContaining('was not verified') })
    const said = explain(csr.der, { trustAnchors: base.trustAnchors, now: NOW })
    expect(JSON.stringify(said)).toContain('was not verified')
  })

  it('lets a profile turn a rule into a warning', () => {
    const plain = createYubikeyEvidenceIssuer(
      { serial: 1, firmware: '5.4.3', formFactor: 1 },
      { keyType: 'P-256', root: issuer.root },
    )
    const package_ = yubikeyPackage(
      plain.attest({ spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 2 }),
      plain.f9Certificate,
    )
    expect(checkAttestation({ ...base, package: package_ })).toMatchObject({ genuine: true, acceptable: false })
    const policy = policyProfile('document-signing', { fips: 'warn' })
    expect(checkAttestation({ ...base, package: package_, policy }).acceptable).toBe(true)
  })
})

const folder = sharedFolder('vectors')
const fits = (result: unknown): void => {
  expect(validate(JSON.parse(JSON.stringify(result))), JSON.stringify(validate.errors)).toBe(true)
}

describe('the published schema', () => {
  // Every verdict, good and bad; what cannot be read has none.
  const specimens = Object.values(SYNTHETIC_EVIDENCE).flatMap((make) => make())
  const kinds = HSM_TYPES.flatMap((hsmType) =>
    [
      ...new Set(specimens.filter((each) => each.hsmType === hsmType).map(({ failedCheck = 'none' }) => failedCheck)),
    ].map((failed) => ({ hsmType, failed })),
  )

  it.each(kinds)(
    'fits what is said of $hsmType evidence whose first failed check is $failed',
    ({ hsmType, failed }) => {
      let judged = 0
      for (const { package: package_, certChains, trustAnchors } of specimens.filter(
        (each) => each.hsmType === hsmType && (each.failedCheck ?? 'none') === failed,
      )) {
        const chains = certChains === undefined ? {} : { certChains }
        try {
          const result = checkAttestation({ hsmType, package: package_, ...chains, trustAnchors, now: NOW })
          fits(result)
          // What is not genuine proves nothing of the key, and no check reads as if it did.
          const words = result.checks.map(({ detail }) => detail)
          if (!result.genuine) expect(words).not.toContain('cannot leave the device')
          judged++
        } catch (error) {
          if (!(error instanceof EvidenceError)) throw error
        }
      }
      expect(judged).toBeGreaterThan(0)
    },
  )

  it.runIf(folder !== undefined).each(HSM_TYPES)('fits what is said of real %s evidence', (hsmType) => {
    const vectors = readVectorManifest(folder ?? '').filter((vector) => vector.hsmType === hsmType)
    expect(vectors.length).toBeGreaterThan(0)
    for (const { attestation } of vectors) {
      const evidence = readEvidence(readFileSync(`${folder}/${attestation}`))
      fits(checkAttestation({ hsmType, ...evidence, trustAnchors: builtInTrustAnchors(), now: NOW }))
    }
  })
})
