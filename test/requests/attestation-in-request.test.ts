import { sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { octetString, oid, sequence, tlv } from '../../src/asn1/der-writer.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { readPem } from '../../src/asn1/pem.ts'
import { checkFiles } from '../../src/check/check-files.ts'
import { explain } from '../../src/check/explain/explain.ts'
import { readEvidence } from '../../src/check/read/evidence-input.ts'
import { attestationAttribute, OID_ATTESTATION, readAttestationBundle } from '../../src/csr/attestation-bundle.ts'
import { buildCertificationRequest } from '../../src/csr/build-certification-request.ts'
import { parseCertificationRequest } from '../../src/csr/certification-request.ts'
import { type CertificateExtension, issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { yubikeyPackage } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import { sharedFolder } from '../shared-folder.ts'
import { SYNTHETIC_EVIDENCE } from '../tools/corpus.ts'
import { readVectorManifest } from '../tools/vector-manifest.ts'
import { ATTRIBUTE, attribute, device, f9, key, leaf, READ, REFUSED, requestWith, TYPE } from './attestation-shapes.ts'

const vectors = sharedFolder('vectors')
const by = { trustAnchors: device.trustAnchors, now: Date.parse('2026-11-29T00:00:00Z') }
const wanted = yubikeyPackage(leaf, f9)
const bundleOf = (attributes: readonly Uint8Array[]) =>
  readAttestationBundle(parseCertificationRequest(requestWith(attributes)).attributes)

describe('id-aa-attestation in a request', () => {
  it.each(READ)('%s is told apart and judged as the attestation that it is', (_name, drafts, value) => {
    const der = requestWith([attribute(value)])
    expect(bundleOf([attribute(value)])).toMatchObject({ drafts })
    const evidence = readEvidence(der)
    expect(Buffer.from(evidence.package).toString()).toBe(Buffer.from(wanted).toString())
    expect(evidence.notes[0]).toContain(`as drafts ${drafts} write it, statement type ${TYPE}`)
    expect(checkFiles([{ bytes: der }], by)).toMatchObject({
      ...{ hsmType: 'YUBIKEY', genuine: true },
      checks: expect.arrayContaining([expect.objectContaining({ id: 'binding.key', status: 'pass' })]),
    })
    const { facts, embedded } = explain(der, by)
    expect(facts).toContainEqual({
      label: 'id-aa-attestation',
      value: expect.stringContaining(`as drafts ${drafts} write it`),
    })
    expect(embedded).toMatchObject([{ kind: 'attestation', hsmType: 'YUBIKEY' }])
  })

  it.each(REFUSED)('%s is refused with its reason', (_name, attributes, fault) => {
    const der = requestWith(attributes)
    expect(bundleOf(attributes)).toEqual({ fault: expect.stringMatching(fault) })
    expect(() => readEvidence(der)).toThrow(fault)
    expect(explain(der, by).problems[0]).toMatchObject({
      ...{ id: 'request.attestation', status: 'warn' },
      detail: expect.stringMatching(fault),
    })
  })

  it('has a hint shown and not followed', () => {
    const [, , hinted] = READ.find(([name]) => name.startsWith('-16')) ?? []
    const der = requestWith([attribute(hinted ?? new Uint8Array())])
    expect(readEvidence(der).notes[0]).toContain('its hint "verifier.example" was not followed')
    expect(explain(der, by).facts.at(-1)?.value).toContain('(hint "verifier.example")')
  })

  it('of another key than that of the request does not bind', () => {
    const [, , value] = READ[0] ?? []
    const der = requestWith([attribute(value ?? new Uint8Array())], testKeyPair('P-256'))
    expect(checkFiles([{ bytes: der }], by)).toMatchObject({ genuine: true, acceptable: false })
  })

  it('with two attestations is not chosen from; with none that is known, its types are told', () => {
    const statement = (content: Uint8Array) => sequence(oid(TYPE), content)
    const two = sequence(sequence(statement(leaf), statement(leaf)), sequence(f9))
    expect(() => readEvidence(requestWith([attribute(two)]))).toThrow(/the request holds several/)
    const none = sequence(sequence(statement(octetString(Buffer.from('anything')))))
    expect(() => readEvidence(requestWith([attribute(none)]))).toThrow(`types: ${TYPE}`)
    expect(explain(requestWith([attribute(none)]), by)).toMatchObject({ embedded: [], problems: [] })
  })

  it('in a statement that is itself a request is not looked for', () => {
    const [, , value] = READ[0] ?? []
    const inner = requestWith([attribute(value ?? new Uint8Array())])
    expect(() => readEvidence(requestWith([attribute(sequence(sequence(sequence(oid(TYPE), inner))))]))).toThrow(
      /no statement in id-aa-attestation/,
    )
  })
})

describe('a request that is built with an attestation', () => {
  const signer = {
    publicKey: key.spki,
    sign: async (hash: string, data: Uint8Array) => sign(hash.replace('-', ''), data, key.privateKey),
  }
  const subject = parseNameText('CN=Example')

  it('has the shape of draft -24 byte for byte: type and statement, then the certificates', async () => {
    const attributes = [attestationAttribute([{ type: TYPE, statement: leaf }], [f9])]
    const { der } = await buildCertificationRequest({ subject, attributes, keyUsage: ['digitalSignature'] }, signer)
    const expected = sequence(oid(ATTRIBUTE), tlv(0x31, sequence(sequence(sequence(oid(TYPE), leaf)), sequence(f9))))
    expect(Buffer.from(der).includes(Buffer.from(expected))).toBe(true)
    expect(OID_ATTESTATION).toBe(ATTRIBUTE)
  })

  it.each(
    Object.values(SYNTHETIC_EVIDENCE).map((make) => {
      const [first] = make().filter(({ expect: verdict }) => verdict === 'genuine')
      if (first === undefined) throw new Error('a family without genuine evidence')
      return [first.hsmType, first] as const
    }),
  )('keeps the package of %s as it is', async (_family, specimen) => {
    const attributes = [attestationAttribute([{ type: TYPE, statement: octetString(specimen.package) }], [])]
    const { der } = await buildCertificationRequest({ subject, attributes }, signer)
    expect(Buffer.from(der).includes(Buffer.from(specimen.package))).toBe(true)
    expect(Buffer.from(readEvidence(der).package).equals(specimen.package)).toBe(true)
  })
})

describe.runIf(vectors !== undefined)('the certificates of real YubiKeys', () => {
  it('are written byte for byte', async () => {
    const signer = {
      publicKey: key.spki,
      sign: async (hash: string, data: Uint8Array) => sign(hash.replace('-', ''), data, key.privateKey),
    }
    const rows = readVectorManifest(vectors ?? '').filter(
      ({ hsmType, expect: verdict }) => hsmType === 'YUBIKEY' && verdict !== 'refuse',
    )
    expect(rows.length).toBeGreaterThan(20)
    for (const { attestation } of rows) {
      const evidence = readEvidence(readFileSync(join(vectors ?? '', attestation)))
      const [statement, ...others] = readPem(Buffer.from(evidence.package).toString()).map(({ der }) => der)
      if (statement === undefined) throw new Error('a vector without certificates')
      const attributes = [attestationAttribute([{ type: TYPE, statement }], others)]
      const { der } = await buildCertificationRequest({ subject: parseNameText('CN=x'), attributes }, signer)
      expect(Buffer.from(der).includes(Buffer.from(statement))).toBe(true)
    }
  })
})

describe('a certificate that a key in a slot signed itself', () => {
  const selfSigned = (...extensions: readonly CertificateExtension[]): Uint8Array =>
    issueCertificate({
      ...{
        subject: parseNameText('CN=Example'),
        issuer: parseNameText('CN=Example'),
        spki: key.spki,
        issuerKey: key.privateKey,
      },
      ...{ notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z'), extensions },
    })
  const ARC = '1.3.6.1.4.1.41482.3'

  it.each(['1', '11'])('has its attestation read from .3.%s and compared with its key', (last) => {
    const der = selfSigned({ oid: `${ARC}.${last}`, value: leaf }, { oid: `${ARC}.2`, value: f9 })
    const result = checkFiles([{ bytes: der }], by)
    expect(result).toMatchObject({ hsmType: 'YUBIKEY', genuine: true })
    expect(result.checks).toContainEqual(expect.objectContaining({ id: 'binding.key', status: 'pass' }))
    expect(result.notes).toContain('compared with the key of the certificate that it is in')
    expect(explain(der, by)).toMatchObject({ kind: 'attestation', hsmType: 'YUBIKEY' })
  })

  it('with the attestation of another key does not bind', () => {
    const other = device.attest({ spki: testKeyPair('P-256').spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
    const der = selfSigned({ oid: `${ARC}.1`, value: other }, { oid: `${ARC}.2`, value: f9 })
    expect(checkFiles([{ bytes: der }], by)).toMatchObject({ genuine: true, acceptable: false })
  })

  it('with the CSPN mark of F9 alone is a certificate like any other', () => {
    expect(explain(selfSigned({ oid: `${ARC}.11`, value: octetString(Uint8Array.of(1)) }), by).kind).toBe('certificate')
  })
})
