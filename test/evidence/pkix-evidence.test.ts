import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { oid, sequence } from '../../src/asn1/der-writer.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { checkFiles } from '../../src/check/check-files.ts'
import { explain } from '../../src/check/explain/explain.ts'
import { explanationText } from '../../src/check/explain/explanation-text.ts'
import { judgePkixEvidence } from '../../src/check/pkix-evidence/judge-pkix-evidence.ts'
import { readEvidence } from '../../src/check/read/evidence-input.ts'
import { readUserTrustAnchors } from '../../src/check/read/trust-anchors-input.ts'
import { EnrollError } from '../../src/errors.ts'
import { HSM_TYPES } from '../../src/hsm-type.ts'
import {
  basicConstraints,
  issueCertificate,
  keyUsage,
  subjectKeyIdentifier,
} from '../../src/sandbox/certificate-issuer.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { yubikeyPackage } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { attribute, device, f9, leaf, key as requestKey, requestWith, TYPE } from '../requests/attestation-shapes.ts'
import * as write from './pkix-evidence.ts'

const now = Date.parse('2026-11-29T00:00:00Z')
const [root, intermediate, ak] = [testKeyPair('P-256'), testKeyPair('P-256'), testKeyPair('P-256')]
const names = { root: parseNameText('CN=module root'), int: parseNameText('CN=module CA'), ak: parseNameText('CN=ak') }
/** The command line judges on the day on which the tests are run. */
const dates = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T00:00:00Z') }
const AK_PURPOSE = { oid: '2.5.29.37', value: sequence(oid('1.3.6.1.5.5.7.3.999')) }
const byRoot = { issuer: names.root, issuerKey: root.privateKey, ...dates }
const byInt = { issuer: names.int, issuerKey: intermediate.privateKey, ...dates }
const rootDer = issueCertificate({
  subject: names.root,
  spki: root.spki,
  ...byRoot,
  extensions: [basicConstraints(true)],
})
const intCa = (extensions = [basicConstraints(true, 0)]): Uint8Array =>
  issueCertificate({ subject: names.int, spki: intermediate.spki, ...byRoot, extensions })
const intDer = intCa()
const akOf = (extensions = [keyUsage(0), AK_PURPOSE, subjectKeyIdentifier(ak.spki)], by = byInt): Uint8Array =>
  issueCertificate({ subject: names.ak, spki: ak.spki, ...by, extensions })
const akDer = akOf()
const anchorsOf = (...ders: readonly Uint8Array[]) =>
  readUserTrustAnchors(ders.map((der) => writePem('CERTIFICATE', der)).join(''), HSM_TYPES)
const trustAnchors = anchorsOf(rootDer)
const [mine, others] = [requestKey.spki, testKeyPair('P-256').spki]
const signer = { key: ak.privateKey, certificate: akDer }

const elements = [
  write.transaction(write.nonce, write.own('timestamp', write.time('2026-11-28T10:00:00Z')), write.akSpki(ak.spki)),
  write.platform(write.own('vendor', write.text('Example')), write.own('hwserial', write.text('42'))),
  write.keptKey('mine', mine),
  write.looseKey('other', others),
]
const good = write.evidenceOf(elements, [signer], [intDer])
const judge = (der: Uint8Array, spki?: Uint8Array, anchors = trustAnchors) =>
  judgePkixEvidence(der, { trustAnchors: anchors, now, ...(spki === undefined ? {} : { spki }) })

describe('PKIX evidence', () => {
  it('is verified if the anchors of the user vouch for its signer, and by no anchor that comes with the program', () => {
    expect(judge(good)).toMatchObject({ status: 'verified', reasons: [] })
    const builtIn = trustAnchors.map((anchor) => ({ ...anchor, origin: 'built-in' as const }))
    for (const anchors of [[], builtIn]) {
      expect(judge(good, mine, anchors)).toMatchObject({
        ...{ status: 'not-verified', reasons: ['signature 1: its key leads to none of your trust anchors'] },
      })
    }
  })

  it.each([
    ['the key of the request', mine, ['no', 'yes', 'yes', 'yes', 'sign']],
    ['another key in it', others, ['yes', 'no']],
  ])('tells of %s what its own element says', (_name, spki, values) => {
    const by = { trustAnchors, now, publicKey: spki, pkixEvidence: true }
    const { says, problems, pkixEvidence } = explain(good, by)
    expect(says.slice(1).map((sentence) => sentence.split(' ').at(-1))).toEqual(values)
    expect({ problems, keyReported: pkixEvidence?.keyReported }).toEqual({ problems: [], keyReported: true })
  })

  it('of other keys than that of the request says so, and tells nothing of them', () => {
    const explained = explain(good, { trustAnchors, now, publicKey: testKeyPair('P-256').spki, pkixEvidence: true })
    expect(explained).toMatchObject({ says: [], problems: [{ id: 'binding.pkix-evidence', status: 'fail' }] })
  })

  const tbsOnly = write.evidenceOf(elements, [])
  const claimTwice = write.platform(write.own('vendor', write.text('a')), write.own('vendor', write.text('b')))
  const otherTbs = write.tbsOf([write.platform(write.own('vendor', write.text('Forger')))])
  const moved = write.derOf(write.sequenceOf(otherTbs, write.sequenceOf(write.blockOf(write.tbsOf(elements), signer))))
  const sha1 = createHash('sha1').update(Uint8Array.of(1)).digest()
  // biome-ignore format: a table, a row a line
  const JUDGED: readonly (readonly [name: string, status: string, reason: RegExp, der: Uint8Array])[] = [
    ['two platform elements', 'rejected', /2 platform elements/, write.evidenceOf([...elements, write.platform(write.own('vendor', write.text('b')))], [signer], [intDer])],
    ['two transaction elements', 'rejected', /2 transaction elements/, write.evidenceOf([...elements, write.transaction(write.nonce)], [signer], [intDer])],
    ['a claim that is there twice', 'rejected', /vendor appears twice/, write.evidenceOf([claimTwice], [signer], [intDer])],
    ['a key element without identifier', 'rejected', /no identifier/, write.evidenceOf([write.element(`${write.ARC}.0.2`, write.own('spki', write.octets(mine)))], [signer], [intDer])],
    ['two elements of one key', 'rejected', /the same key \("mine"\)/, write.evidenceOf([write.keptKey('mine', mine), write.looseKey('mine', mine)], [signer], [intDer])],
    ['FIPS level 5', 'rejected', /levels 1 to 4/, write.evidenceOf([write.platform(write.own('fipslevel', write.int(5)))], [signer], [intDer])],
    ['ak-spki of one key twice', 'rejected', /of the same key/, write.evidenceOf([write.transaction(write.akSpki(ak.spki), write.akSpki(ak.spki))], [signer], [intDer])],
    ['a signature over something else', 'rejected', /does not verify/, moved],
    ['a certificate without digitalSignature', 'rejected', /keyUsage/, write.evidenceOf(elements, [{ ...signer, certificate: akOf([keyUsage(5), AK_PURPOSE]) }], [intDer])],
    ['a certificate without keyUsage', 'rejected', /keyUsage/, write.evidenceOf(elements, [{ ...signer, certificate: akOf([AK_PURPOSE]) }], [intDer])],
    ['a certificate that is not for an attestation key', 'rejected', /extended key usage/, write.evidenceOf(elements, [{ ...signer, certificate: akOf([keyUsage(0)]) }], [intDer])],
    ['a key identifier that nobody knows', 'rejected', /its key is not known/, write.evidenceOf(elements, [{ key: ak.privateKey, keyId: sha1 }], [intDer])],
    ['certificate and public key of different keys', 'rejected', /different keys/, write.evidenceOf(elements, [{ ...signer, publicKey: mine }], [intDer])],
    ['no signature', 'not-verified', /is not signed/, tbsOnly],
    ['an algorithm that is not known', 'not-verified', /2\.16\.840\.1\.101\.3\.4\.3\.17/, write.evidenceOf(elements, [{ ...signer, algorithm: '2.16.840.1.101.3.4.3.17' }], [intDer])],
    ['a missing intermediate certificate', 'not-verified', /none of your trust anchors/, write.evidenceOf(elements, [signer])],
    ['an issuer that is not a CA', 'not-verified', /CN=module CA is not a CA/, write.evidenceOf(elements, [signer], [intCa([basicConstraints(false)])])],
    ['an issuer that may not issue certificates', 'not-verified', /may not issue certificates/, write.evidenceOf(elements, [signer], [intCa([basicConstraints(true), keyUsage(0)])])],
    ['a certificate that ended', 'not-verified', /is not valid today/, write.evidenceOf(elements, [{ ...signer, certificate: akOf(undefined, { ...byInt, notAfter: new Date('2026-02-01T00:00:00Z') }) }], [intDer])],
    ['a bare key that is no anchor', 'not-verified', /none of your trust anchors/, write.evidenceOf(elements, [{ key: ak.privateKey, publicKey: ak.spki }])],
    ['a trusted signer that it does not name', 'not-verified', /not among those that it names/, write.evidenceOf([write.transaction(write.akSpki(others))], [signer], [intDer])],
  ]
  it.each(JUDGED)('with %s is %s', (_name, status, reason, der) => {
    const judged = judge(der, mine)
    expect(judged.status).toBe(status)
    expect(judged.reasons.join('; ')).toMatch(reason)
    expect(explanationText(explain(der, { trustAnchors, now, pkixEvidence: true }))).toMatch(reason)
  })

  it('without intermediate certificate, by key or by identifier alone, is verified with the signer’s own certificate or key as anchor', () => {
    const keyId = createHash('sha1').update(ak.spki.subarray(-65)).digest()
    const own = anchorsOf(akDer)
    for (const how of [signer, { key: ak.privateKey, publicKey: ak.spki }, { key: ak.privateKey, keyId }]) {
      expect(judge(write.evidenceOf(elements, [how]), mine, own)).toMatchObject({ status: 'verified', reasons: [] })
    }
  })

  it('is signed by whoever a certificate beside it has the key identifier of', () => {
    const keyId = createHash('sha256').update(ak.spki).digest().subarray(0, 20)
    const der = write.evidenceOf(elements, [{ key: ak.privateKey, keyId }], [intDer, akDer])
    expect(judge(der)).toMatchObject({ status: 'verified' })
  })

  it('has its certificates read as the module tags them and as the samples do, one or several', () => {
    for (const as of ['module', 'samples'] as const) {
      for (const certificates of [[intDer], [rootDer, intDer]]) {
        expect(judge(write.evidenceOf(elements, [signer], certificates, as))).toMatchObject({ status: 'verified' })
      }
    }
  })

  it('with elements and claims that the draft does not have is read as without them', () => {
    const strange = write.element('1.3.6.1.4.1.99999.1', write.claim('1.3.6.1.4.1.99999.2', write.text('x')))
    const inKey = write.element(
      ...([
        `${write.ARC}.0.2`,
        write.own('identifier', write.text('k')),
        write.own('spki', write.octets(mine)),
      ] as const),
      ...[write.claim('1.3.6.1.4.1.99999.3', write.bool(true)), write.own('vendor', write.bool(true))],
    )
    const judged = judge(write.evidenceOf([strange, inKey], [signer], [intDer]), mine)
    expect(judged).toMatchObject({ status: 'verified', keyElements: [{ type: 'key' }] })
    expect(judged.keyElements[0]?.claims.filter(({ known }) => known !== undefined)).toHaveLength(2)
  })

  it('under the numbers of the draft’s Go program is named, and nothing of it read', () => {
    const der = write.evidenceOf(
      [write.element('1.2.3.999.0.2', write.claim('1.2.3.999.1.2.1', write.octets(mine)))],
      [signer],
      [intDer],
    )
    const { facts, says } = explain(der, { trustAnchors, now, publicKey: mine, pkixEvidence: true })
    expect(facts[0]?.value).toMatch(/^1\.2\.3\.999 .*passed over/)
    expect(says).toEqual([])
  })

  // biome-ignore format: a table, a row a line
  const MALFORMED: readonly (readonly [name: string, der: Uint8Array])[] = [
    ['version 2', write.derOf(write.sequenceOf(write.tbsOf(elements, 2), write.sequenceOf()))],
    ['no signatures member', write.derOf(write.sequenceOf(write.tbsOf(elements)))],
    ['an element without claims', write.evidenceOf([...elements, write.element(`${write.ARC}.0.1`)], [])],
    ['a claim without its value', write.evidenceOf([write.transaction(write.own('nonce'))], [])],
    ['a claim of another type', write.evidenceOf([write.platform(write.own('vendor', write.octets(mine)))], [])],
    ['a key that is none', write.evidenceOf([write.transaction(write.akSpki(Uint8Array.of(1)))], [])],
    ['a signer without a name', write.evidenceOf(elements, [{ key: ak.privateKey }])],
    ['more signatures than anybody makes', write.evidenceOf(elements, new Array(9).fill(signer))],
    ['more elements than anybody reports', write.evidenceOf(new Array(257).fill(write.platform(write.own('vendor', write.text('a')))), [])],
    ['bytes behind it', Buffer.concat([good, Buffer.from([5, 0])])],
  ]
  it.each(MALFORMED)('with %s is malformed', (_name, der) => {
    expect(() => judge(der)).toThrow(expect.objectContaining({ code: 'evidence.unreadable' }))
  })

  it('changed in any byte is not verified, whatever else it is', () => {
    let [read, verified] = [0, 0]
    for (let at = 0; at < good.length; at += 8) {
      const changed = Uint8Array.from(good)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      try {
        if (judge(changed, mine).status === 'verified') verified++
        read++
      } catch (error) {
        if (!(error instanceof EnrollError)) throw error
      }
    }
    expect(read).toBeGreaterThan(50)
    expect(verified).toBe(0)
  })
})

describe('whoever does not ask for it', () => {
  const pem = Buffer.from(writePem('EVIDENCE', good))
  const pair = Buffer.from(yubikeyPackage(leaf, f9))

  it('is told what it is, and how to have it read', () => {
    for (const file of [pem, good, Buffer.from(Buffer.from(good).toString('base64'))]) {
      expect(() => explain(file, { trustAnchors, now })).toThrow(/PKIX evidence/)
      expect(() => readEvidence(file)).toThrow(
        expect.objectContaining({ remedy: expect.stringContaining('--pkix-evidence') }),
      )
      expect(explain(file, { trustAnchors, now, pkixEvidence: true }).kind).toBe('pkix-evidence')
    }
  })

  it('has the verdict of the vendor’s attestation beside it, which it does not change', () => {
    const result = checkFiles([{ bytes: pair }, { bytes: pem }], { trustAnchors: device.trustAnchors, now })
    expect(result).toMatchObject({ hsmType: 'YUBIKEY', genuine: true })
    expect(result.notes).toContain('found PKIX evidence beside the attestation: not a part of this verdict')
    const rejected = Buffer.from(writePem('EVIDENCE', moved()))
    const other = checkFiles([{ bytes: pair }, { bytes: rejected }], { trustAnchors: device.trustAnchors, now })
    expect({ ...other, notes: [] }).toEqual({ ...result, notes: [] })
  })

  it('in a request finds it explained inside, where it was asked for', () => {
    const statement = sequence(oid(TYPE), good)
    const request = requestWith([attribute(sequence(sequence(statement, sequence(oid(TYPE), leaf)), sequence(f9)))])
    const by = { trustAnchors: [...trustAnchors, ...device.trustAnchors], now }
    expect(explain(request, by).embedded.map(({ kind }) => kind)).toEqual(['attestation'])
    const { embedded } = explain(request, { ...by, pkixEvidence: true })
    expect(embedded.map(({ kind }) => kind)).toEqual(['attestation', 'pkix-evidence'])
    expect(embedded[1]).toMatchObject({ pkixEvidence: { status: 'verified', keyReported: true } })
    const alone = requestWith([attribute(sequence(sequence(statement)))])
    expect(() => readEvidence(alone)).toThrow(/no vendor vouches/)
  })

  it('with `check --pkix-evidence` has a line on it in the notes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pkix-'))
    try {
      const put = async (name: string, content: Uint8Array | string): Promise<string> => {
        await writeFile(join(folder, name), content)
        return join(folder, name)
      }
      const files = [await put('pair.pem', pair), await put('evidence.pem', pem)]
      const csr = await put('request.pem', writePem('CERTIFICATE REQUEST', requestWith([])))
      const anchors = await put('root.pem', writePem('CERTIFICATE', rootDer))
      const { stdout } = await runInside([
        ...['check', '--attestation', ...files, '--csr', csr, '--trust-anchors', anchors, '--pkix-evidence', '--json'],
      ])
      expect(JSON.parse(stdout)).toMatchObject({ hsmType: 'YUBIKEY', genuine: false })
      expect(JSON.parse(stdout).notes.at(-1)).toMatch(
        /verified against a trust anchor of yours; .*; it reports the key; it does not count for the verdict$/,
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  const moved = (): Uint8Array => write.evidenceOf([write.platform(write.nonce)], [{ ...signer, publicKey: mine }])
})
