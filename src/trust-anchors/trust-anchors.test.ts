import { createHash, createPublicKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { makeCsr } from '../../test/sectigo/rehearsal-kit.ts'
import { sharedFolder } from '../../test/shared-folder.ts'
import { parseCertificate } from '../asn1/certificate.ts'
import { parseName } from '../asn1/name.ts'
import { readPem, writePem } from '../asn1/pem.ts'
import { writePkcs7 } from '../asn1/pkcs7.ts'
import { readUserTrustAnchors } from '../check/read/trust-anchors-input.ts'
import { createYubikeyTestRoot } from '../sandbox/yubikey/evidence/issuer.ts'
import { BUILT_IN_TRUST_ANCHORS, builtInTrustAnchors, trustAnchorExpiry } from './trust-anchors.ts'
import { YUBICO_TRUST_ANCHORS } from './yubico.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const folder = sharedFolder('vectors')

const published = (name: string): readonly { readonly der: Uint8Array; readonly spkiSha256: string }[] =>
  folder === undefined
    ? []
    : readPem(readFileSync(join(folder, 'roots', name), 'utf8')).map(({ der }) => ({
        der,
        spkiSha256: sha256(parseCertificate(der, { explicitCriticalFalse: true }).spki),
      }))

describe('the built-in anchors', () => {
  it.each(BUILT_IN_TRUST_ANCHORS.map((anchor) => [anchor.name, anchor] as const))(
    '%s fits its own fingerprint',
    (_, anchor) => {
      expect(sha256(Buffer.from(anchor.spki, 'base64'))).toBe(anchor.spkiSha256)
      expect(createPublicKey({ key: Buffer.from(anchor.spki, 'base64'), format: 'der', type: 'spki' }).type).toBe(
        'public',
      )
      if (anchor.subject !== undefined)
        expect(parseName(Buffer.from(anchor.subject, 'base64')).length).toBeGreaterThan(0)
      expect(anchor.origin).toBe('built-in')
      expect(anchor.source).toMatch(/\w/)
      expect(anchor.checked).toMatch(/\d{4}-\d\d-\d\d/)
    },
  )

  it('of every family are there', () => {
    for (const hsmType of ['YUBIKEY', 'YUBIHSM2', 'LUNA', 'NSHIELD', 'FORTANIX', 'MARVELL_GOOGLE'] as const) {
      expect(builtInTrustAnchors(hsmType).length, hsmType).toBeGreaterThan(0)
    }
  })
})

describe.runIf(folder !== undefined)("Yubico's anchors", () => {
  const files =
    folder === undefined ? [] : readdirSync(join(folder, 'roots/yubico')).filter((name) => name.endsWith('.pem'))
  const all = files.flatMap((name) => published(`yubico/${name}`))

  it.each(YUBICO_TRUST_ANCHORS.map((anchor) => [anchor.name, anchor] as const))(
    '%s has the key, name, dates and fingerprints of the published files',
    (_, anchor) => {
      const certificates = all.filter(({ spkiSha256 }) => spkiSha256 === anchor.spkiSha256)
      expect(certificates.map(({ der }) => sha256(der)).sort()).toEqual([...anchor.certificateSha256].sort())
      for (const { der } of certificates) {
        const certificate = parseCertificate(der)
        expect(Buffer.from(certificate.subject).toString('base64')).toBe(anchor.subject)
        expect(new Date(certificate.notAfter).toISOString().slice(0, 10)).toBe(anchor.notAfter)
      }
    },
  )

  it('hold no CA of another application, and none for preview hardware', () => {
    for (const { der, spkiSha256 } of [...all, ...published('yubico/preview/yubico-piv-preview-ca-certs.pem')]) {
      const { subject } = parseCertificate(der)
      const commonName = parseName(subject).flat()[0]?.value ?? ''
      if (/FIDO|OPGP|SD Attestation|[Pp]review/.test(commonName)) {
        expect(
          YUBICO_TRUST_ANCHORS.some((anchor) => anchor.spkiSha256 === spkiSha256),
          commonName,
        ).toBe(false)
      }
    }
  })
})

describe('the end of an anchor', () => {
  const [anchor] = YUBICO_TRUST_ANCHORS
  const at = (notAfter: string | undefined, now: string) =>
    trustAnchorExpiry(
      { ...(anchor ?? YUBICO_TRUST_ANCHORS[0]), notBefore: '2020-01-01', notAfter } as never,
      Date.parse(now),
    )

  it('is warned of 180 days before', () => {
    expect(at('2026-12-31', '2026-01-01T00:00:00Z').status).toBe('current')
    expect(at('2026-12-31', '2026-07-10T00:00:00Z')).toEqual({ status: 'ends-soon', daysLeft: 175 })
    expect(at('2026-12-31', '2026-12-31T23:59:59Z').status).toBe('ends-soon')
    expect(at('2026-12-31', '2027-01-01T00:00:00Z').status).toBe('ended')
    expect(at('2026-12-31', '2019-01-01T00:00:00Z').status).toBe('not-yet')
    expect(at(undefined, '2099-01-01T00:00:00Z').status).toBe('current')
  })
})

describe('readUserTrustAnchors', () => {
  const { certificate, key } = createYubikeyTestRoot('P-256', 'Acme Root')
  const pem = writePem('CERTIFICATE', certificate)

  it('reads certificates and bare keys in PEM', () => {
    const [byCertificate, byKey] = readUserTrustAnchors(`${pem}${writePem('PUBLIC KEY', key.spki)}`, ['LUNA'])
    expect(byCertificate).toMatchObject({ name: 'CN=Acme Root', origin: 'user', role: 'root', hsmTypes: ['LUNA'] })
    expect(byKey).toMatchObject({ spkiSha256: byCertificate?.spkiSha256, certificateSha256: [], origin: 'user' })
    expect(byKey?.subject).toBeUndefined()
  })

  it('reads one certificate in DER', () => {
    expect(readUserTrustAnchors(certificate, ['LUNA'])).toEqual(readUserTrustAnchors(Buffer.from(pem), ['LUNA']))
    expect(readUserTrustAnchors(Buffer.from(`\ufeff${pem}`, 'utf16le'), ['LUNA'])).toHaveLength(1)
    expect(() => readUserTrustAnchors(certificate.subarray(0, 100), ['LUNA'])).toThrow(/DER/)
  })

  it.each<readonly [string, () => string | Uint8Array]>([
    ['base64', () => Buffer.from(certificate).toString('base64')],
    ['base64 of PEM', () => Buffer.from(pem).toString('base64')],
    ['a PKCS#7', () => writePkcs7([certificate])],
    ['a PKCS#7 in PEM', () => writePem('PKCS7', writePkcs7([certificate]))],
    ['gzip', () => gzipSync(pem)],
    ['a quoted mail', () => pem.replace(/^/gm, '> ')],
    ['JSON of PEM', () => JSON.stringify({ roots: [pem] })],
    ['JSON of base64 (x5c)', () => JSON.stringify({ x5c: [Buffer.from(certificate).toString('base64')] })],
    ['PEM twice', () => `${pem}${pem}`],
    ['PEM joined without a line feed', () => `${pem.trimEnd()}${pem}`],
    ['text around it', () => `the root:\n${pem}\nand no more`],
  ])('reads %s as every command reads certificates', (_, form) => {
    expect(readUserTrustAnchors(form(), ['LUNA'])).toEqual(readUserTrustAnchors(pem, ['LUNA']))
  })

  it.each<readonly [string, () => string | Uint8Array]>([
    ['in PEM', () => String(key.privateKey.export({ type: 'pkcs8', format: 'pem' }))],
    ['in DER', () => key.privateKey.export({ type: 'sec1', format: 'der' })],
    ['beside a certificate', () => pem + String(key.privateKey.export({ type: 'pkcs8', format: 'pem' }))],
    ['compressed', () => gzipSync(key.privateKey.export({ type: 'pkcs8', format: 'pem' }))],
    [
      'in a list of anchors',
      () =>
        JSON.stringify([
          { name: 'x', spki: key.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64') },
        ]),
    ],
  ])('refuses a private key %s', (_, form) => {
    expect(() => readUserTrustAnchors(form(), ['LUNA'])).toThrow(expect.objectContaining({ code: 'input.private-key' }))
  })

  it.each([
    ['a web page', '<html><title>Sign in</title></html>', /web page/],
    ['a request', makeCsr('CN=x', key), /found CERTIFICATE REQUEST/],
  ])('says what %s is', (_, text, says) => {
    expect(() => readUserTrustAnchors(text, ['LUNA'])).toThrow(says)
  })

  it('reads what `trust list --json` prints, always as the user’s own', () => {
    const printed = JSON.stringify({ trustAnchors: BUILT_IN_TRUST_ANCHORS })
    const anchors = readUserTrustAnchors(printed, ['LUNA'])
    expect(anchors).toEqual(BUILT_IN_TRUST_ANCHORS.map((anchor) => ({ ...anchor, origin: 'user' })))
  })

  describe('a list as long as may be', () => {
    const certified = (): Readonly<Record<string, unknown>> => ({
      ...readUserTrustAnchors(pem, ['LUNA'])[0],
      source: 'https://trust.example/roots/document-signing-devices.pem',
    })
    const list = (length: number, more: object = {}): string =>
      JSON.stringify({ trustAnchors: Array.from({ length }, certified), ...more })

    it('is read, and one that is longer is not', () => {
      expect(readUserTrustAnchors(list(64), ['LUNA'])).toHaveLength(64)
      expect(() => readUserTrustAnchors(list(65), ['LUNA'])).toThrow(/trust anchors/)
    })

    it('is looked through for private keys, and so is what is beside it', () => {
      const hidden = String(key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
      const entries = Array.from({ length: 64 }, (_, index) => ({
        ...certified(),
        ...(index === 63 && { note: hidden }),
      }))
      for (const text of [JSON.stringify(entries), list(64, { note: hidden })])
        expect(() => readUserTrustAnchors(text, ['LUNA'])).toThrow(
          expect.objectContaining({ code: 'input.private-key' }),
        )
    })
  })

  it.each([
    ['nothing', ''],
    ['prose', 'trust me'],
    ['a private key', pem.replaceAll('CERTIFICATE', 'PRIVATE KEY')],
    ['damaged JSON', '{"trustAnchors": ['],
    ['JSON without a list', '{}'],
    ['a key that is none', JSON.stringify([{ name: 'x', spki: 'AAAA' }])],
    ['a fingerprint of another key', JSON.stringify([{ ...BUILT_IN_TRUST_ANCHORS[0], spkiSha256: '00' }])],
    ['an unknown family', JSON.stringify([{ ...BUILT_IN_TRUST_ANCHORS[0], hsmTypes: ['TPM'] }])],
    ['a date that is none', JSON.stringify([{ ...BUILT_IN_TRUST_ANCHORS[0], notAfter: 'soon' }])],
  ])('refuses %s', (_name, text) => {
    expect(() => readUserTrustAnchors(text, ['YUBIKEY'])).toThrow(/trust anchors/)
  })
})
