import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { mutateBytes } from '../../../test/tools/mutate.ts'
import { readPem, writePem } from '../../asn1/pem.ts'
import { readUserTrustAnchors } from '../../check/read/trust-anchors-input.ts'
import { EnrollError } from '../../errors.ts'
import { createMarvellGoogleEvidenceIssuer } from '../../sandbox/marvell-google/evidence/issuer.ts'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import { MARVELL_GOOGLE_TRUST_ANCHORS } from '../../trust-anchors/marvell-google.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { marvellGoogle } from './verify.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const folder = sharedFolder('vectors')
const verify = (
  package_: Uint8Array,
  certChains?: Uint8Array,
  trustAnchors: readonly TrustAnchor[] = MARVELL_GOOGLE_TRUST_ANCHORS,
  keyName?: string,
) =>
  marvellGoogle.verify(package_, {
    trustAnchors,
    now: NOW,
    ...(keyName === undefined ? {} : { keyName }),
    ...(certChains === undefined ? {} : { certChains }),
  })
const failed = (...args: Parameters<typeof verify>) => verify(...args).checks.filter(({ status }) => status === 'fail')
const ids = (...args: Parameters<typeof verify>) => failed(...args).map(({ id }) => id)

function isGenuine(package_: Uint8Array, certChains: Uint8Array): boolean {
  try {
    return verify(package_, certChains).genuine
  } catch (error) {
    expect(error).toBeInstanceOf(EnrollError)
    return false
  }
}

const read = (row: string, name: string): Uint8Array =>
  folder === undefined ? new Uint8Array() : readFileSync(join(folder, 'marvell-google', row, name))

describe.runIf(folder !== undefined)('attestations of Google Cloud HSM', () => {
  const ec = { package: read('smallstep-ec', 'attestation.dat'), chains: read('smallstep-ec', 'certs.pem') }
  const rsa = { package: read('smallstep-rsa', 'attestation.dat'), chains: read('smallstep-rsa', 'certs.pem') }

  it('an EC key pair is genuine under Marvell’s and Google’s roots, though Marvell’s certificate of 2015 has ended', () => {
    const verdict = verify(ec.package, ec.chains)
    expect(verdict.genuine).toBe(true)
    expect(verdict.device).toMatchObject({ serial: '5.2G1804-ICM000678', fips: 'certified' })
    expect(verdict.claims).toMatchObject({
      key: 'P256',
      local: true,
      extractable: false,
      neverExtractable: true,
      ownerTrustAnchor: 'Google Hawksbill Root v1 prod',
      partition: 'HSM:5.2G1804-ICM000678:PARTN:1, for FIPS mode',
    })
    expect(verdict.attestedKey?.spkiSha256).toBe('6fe6949ee1fb9e9d50d0fd5795ccbca13de9fb26020414012afa83ef8eff8668')
  })

  it('names the statement first in its chain, then what certifies the key that signed it, for either authority', () => {
    const { chain } = verify(ec.package, ec.chains)
    const card = 'HSM:5.2G1804-ICM000678'
    expect(chain.map(({ subject }) => /HSM:[^\\]+|statement/.exec(subject)?.[0])).toEqual([
      'statement',
      `${card}:PARTN:1`,
      card,
      `${card}:PARTN:1`,
      card,
    ])
    expect(chain[0]?.issuer).toBe(chain[1]?.subject)
    expect(chain[1]?.issuer).toBe(chain[2]?.subject)
    expect(chain[0]?.sha256).toBe(createHash('sha256').update(gunzipSync(ec.package)).digest('hex'))
  })

  it('an RSA key pair is genuine', () => {
    const verdict = verify(rsa.package, rsa.chains)
    expect(verdict.genuine).toBe(true)
    expect(verdict.claims.key).toBe('RSA2048')
    expect(verdict.attestedKey?.spkiSha256).toBe('2e851dbdf5716134d5183efe78680c51c9da3f1d86f3d110555650b195bf0afb')
  })

  it('certificates may come in any order, with or without the roots, as PEM or DER', () => {
    const ders = readPem(Buffer.from(ec.chains).toString()).map(({ der }) => der)
    const issued = ders.filter((_, index) => index !== 0 && index !== 3)
    const shapes = [[...ders].reverse(), issued, [...issued].reverse()]
    for (const shape of shapes) {
      const pem = Buffer.from(shape.map((der) => writePem('CERTIFICATE', der)).join(''))
      expect(verify(ec.package, pem).genuine).toBe(true)
      expect(verify(ec.package, Buffer.concat(shape)).genuine).toBe(true)
    }
  })

  it('chains of another card are refused', () => expect(ids(ec.package, rsa.chains)).toEqual(['attestation.signature']))

  it('a statement without chains is refused with what to do', () => {
    const [failure] = failed(ec.package)
    expect(failure?.id).toBe('attestation.manufacturer-chain')
    expect(failure?.remedy).toContain('get-certificate-chain')
  })

  it.each([
    ['text', 'hello'],
    ['PEM that is cut off', '-----BEGIN CERTIFICATE-----\nMIIB'],
    ['PEM without a certificate in it', writePem('CERTIFICATE', Buffer.of(0x30, 0))],
    ['forty certificates', writePem('CERTIFICATE', Buffer.of(0x30, 0)).repeat(40)],
  ])('chains that cannot be read get a verdict: %s', (_, chains) => {
    expect(ids(ec.package, Buffer.from(chains))[0]).toBe('attestation.manufacturer-chain')
  })

  it('an AES key is refused by name, though its statement verifies', () => {
    const all = [read('smallstep-aes', 'attestation.dat'), read('smallstep-aes', 'certs.pem')] as const
    expect(ids(...all)).toEqual(['attestation.key-pair'])
    expect(failed(...all)[0]?.detail).toContain('a secret key')
    expect(verify(...all).claims).toMatchObject({ key: 'AES256', local: true, extractable: false })
  })

  it('an imported key is refused for what it is', () => {
    expect(ids(read('peculiar-rsa4096-imported', 'attestation.dat'))).toEqual([
      'attestation.manufacturer-chain',
      'attestation.key-pair',
      'attestation.local',
      'attestation.never-extractable',
      'attestation.always-sensitive',
    ])
  })

  it('a manufacturer chain that does not hold is refused with the likelier cause', () => {
    const ders = readPem(Buffer.from(ec.chains).toString()).map(({ der }) => der)
    const [, card = new Uint8Array(), partition = new Uint8Array(), , ownerCard, ownerPartition] = ders
    const detail = (...made: readonly Uint8Array[]) => {
      const rest = [ownerCard, ownerPartition].flatMap((der) => (der === undefined ? [] : [der]))
      const pem = [...made, ...rest].map((der) => writePem('CERTIFICATE', der)).join('')
      return failed(ec.package, Buffer.from(pem))[0]?.detail
    }
    const flipped = (der: Uint8Array): Uint8Array => der.map((byte, at) => (at === der.length - 1 ? byte ^ 1 : byte))
    expect(detail(card)).toContain('of the partition is missing')
    expect(detail()).toContain('is missing')
    expect(detail(card, flipped(partition))).toContain('partition’s certificate was altered')
    expect(detail(flipped(card), partition)).toContain('card’s certificate has Marvell’s root as issuer')
  })

  it('one root cannot stand for maker and owner', () => {
    const [maker, , owner] = MARVELL_GOOGLE_TRUST_ANCHORS
    for (const anchor of [maker, owner]) {
      const alone = anchor === undefined ? [] : [anchor]
      expect(verify(ec.package, ec.chains, alone).genuine).toBe(false)
    }
  })

  it('nor where it is given a second time without a role, and the maker’s card left out', () => {
    const ders = readPem(Buffer.from(ec.chains).toString()).map(({ der }) => writePem('CERTIFICATE', der))
    const [, card, partition, ownerRoot, ownerCard, ownerPartition] = ders
    const given = readUserTrustAnchors(ownerRoot ?? '', ['MARVELL_GOOGLE'])
    const anchors = [...MARVELL_GOOGLE_TRUST_ANCHORS, ...given]
    const pem = (...all: readonly (string | undefined)[]): Uint8Array => Buffer.from(all.join(''))
    expect(verify(ec.package, pem(card, partition, ownerCard, ownerPartition), anchors).genuine).toBe(true)
    expect(ids(ec.package, pem(partition, ownerCard, ownerPartition), anchors)).toEqual(['attestation.owner-chain'])
  })

  it('the built-in anchors serve as well when they were printed and read back', () => {
    const printed = JSON.stringify(MARVELL_GOOGLE_TRUST_ANCHORS)
    const anchors = readUserTrustAnchors(printed, ['MARVELL_GOOGLE'])
    expect(anchors.map(({ authority }) => authority)).toEqual(['manufacturer', 'manufacturer', 'owner'])
    expect(verify(ec.package, ec.chains, anchors).genuine).toBe(true)
  })

  it('are not genuine with any byte of the statement changed', () => {
    const plain = gunzipSync(ec.package)
    fc.assert(
      fc.property(fc.nat(), (change) => {
        const mutant = mutateBytes(plain, change)
        if (Buffer.compare(mutant, plain) !== 0) expect(isGenuine(gzipSync(mutant), ec.chains)).toBe(false)
      }),
      { numRuns: 400, seed: 7 },
    )
  })

  it('are not genuine with any byte of the compressed statement changed so that it says something else', () => {
    const plain = gunzipSync(rsa.package)
    fc.assert(
      fc.property(fc.nat(), (change) => {
        const mutant = mutateBytes(rsa.package, change)
        if (isGenuine(mutant, rsa.chains)) expect(Buffer.compare(gunzipSync(mutant), plain)).toBe(0)
      }),
      { numRuns: 400, seed: 8 },
    )
  })

  it('are not genuine with any byte of any certificate changed', () => {
    const ders = readPem(Buffer.from(ec.chains).toString()).map(({ der }) => der)
    fc.assert(
      fc.property(fc.nat({ max: ders.length - 1 }), fc.nat(), (index, change) => {
        const mutants = ders.map((der, at) => (at === index ? mutateBytes(der, change) : der))
        if (Buffer.compare(Buffer.concat(mutants), Buffer.concat(ders)) === 0) return
        const pem = Buffer.from(mutants.map((der) => writePem('CERTIFICATE', der)).join(''))
        expect(isGenuine(ec.package, pem)).toBe(false)
      }),
      { numRuns: 400, seed: 9 },
    )
  })
})

const permutations = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  items.length < 2
    ? [items]
    : items.flatMap((item, at) => permutations(items.filter((_, index) => index !== at)).map((rest) => [item, ...rest]))

describe('the name of the key version', () => {
  const issuer = createMarvellGoogleEvidenceIssuer()
  const versionName = 'projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/7'
  const { content, certChainsPem } = issuer.attest({ spki: testKeyPair('P-384').spki, versionName })

  it('is told as its SHA-256, and compared where it is known', () => {
    const verdict = verify(content, certChainsPem, issuer.trustAnchors, versionName)
    expect(verdict.genuine).toBe(true)
    expect(verdict.claims.versionNameSha256).toBe(createHash('sha256').update(versionName).digest('hex'))
    expect(ids(content, certChainsPem, issuer.trustAnchors, versionName.replace(/7$/, '6'))).toEqual([
      'attestation.version-name',
    ])
  })

  it('is told from roots in PEM as well, which have no role, whatever the order of roots and certificates', () => {
    const roots = [issuer.roots.manufacturer, issuer.roots.owner].map(
      ({ certificate = new Uint8Array() }) => certificate,
    )
    const ders = Object.values(issuer.certificates)
    const pem = (all: readonly Uint8Array[]): string => all.map((der) => writePem('CERTIFICATE', der)).join('')
    for (const root of [roots, [...roots].reverse()]) {
      const anchors = readUserTrustAnchors(pem(root), ['MARVELL_GOOGLE'])
      for (const order of permutations(ders)) {
        const verdict = verify(content, Buffer.from(pem(order)), anchors)
        expect(verdict.genuine).toBe(true)
        expect(verdict.trustAnchor?.name).toContain('LiquidSecurity')
      }
    }
  })

  it('makes no claim of an attribute that is not in the statement', () => {
    const silent = { 354: undefined, 355: undefined }
    const { content: without } = issuer.attest({ spki: testKeyPair('P-256').spki, versionName, attributes: silent })
    const { claims, checks } = verify(without, certChainsPem, issuer.trustAnchors)
    expect(claims.extractable).toBeUndefined()
    expect(claims.local).toBeUndefined()
    expect(claims.neverExtractable).toBe(true)
    expect(checks.find(({ id }) => id === 'attestation.local')?.detail).toContain('does not have the attribute LOCAL')
  })

  it('says of a certificate whether it has ended or not begun', () => {
    const at = (now: string) =>
      marvellGoogle
        .verify(content, { trustAnchors: issuer.trustAnchors, now: Date.parse(now), certChains: certChainsPem })
        .checks.find(({ id }) => id === 'attestation.validity')?.detail
    expect(at('2034-05-01')).toContain('ended on 2034-04-24')
    expect(at('2024-04-01')).toContain('is not valid before 2024-04-26')
  })

  it('V1 is refused by name, whatever its first attribute is', () => {
    const attribute = (type: number, value: number): Buffer =>
      Buffer.from([0, 0, type >> 8, type & 255, 0, 0, 0, 1, value])
    const list = Buffer.concat([attribute(0x163, 1), attribute(0x100, 3), attribute(0, 3)])
    const object = Buffer.concat([Buffer.from([0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, list.length]), list])
    for (const at of [984, 24, 20]) {
      const statement = gzipSync(Buffer.concat([Buffer.alloc(at), object, Buffer.alloc(256, 1)]))
      expect(failed(statement, certChainsPem, issuer.trustAnchors)[0]?.detail).toContain('CAVIUM_V1_COMPRESSED')
    }
  })

  it('V1 of a pair is refused by name', () => {
    const old = issuer.attest({ spki: testKeyPair('P-256').spki, versionName, version1: true })
    const [failure] = failed(old.content, old.certChainsPem, issuer.trustAnchors)
    expect(failure?.detail).toContain('CAVIUM_V1_COMPRESSED')
  })
})

describe('what is no statement', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['a gzip header alone', Buffer.from('1f8b08', 'hex')],
    ['a gzip that is cut off', gzipSync(Buffer.alloc(2112)).subarray(0, -5)],
    ['a gzip with something behind it', Buffer.concat([gzipSync(Buffer.alloc(2112)), Buffer.of(1, 2, 3)])],
    ['a gzip that unpacks to gigabytes', gzipSync(Buffer.alloc(1 << 24))],
  ])('is an error that says so: %s', (_, package_) => {
    expect(() => verify(package_)).toThrow(/Could not read the Marvell attestation/)
  })

  it.each([
    ['too short', Buffer.alloc(100)],
    ['zeros', Buffer.alloc(2112)],
    ['Google’s own test payload', Buffer.concat([Buffer.from('content\n'), Buffer.alloc(256)])],
  ])('is refused as no V2 statement: %s', (_, plain) => {
    expect(ids(gzipSync(plain))[0]).toBe('attestation.format')
  })
})

it('chains under a root that is not pinned are there, and that root is named', () => {
  const card = createMarvellGoogleEvidenceIssuer()
  const { content, certChainsPem } = card.attest({ spki: testKeyPair('P-256').spki, versionName: 'projects/p' })
  // The built-in anchors have other names than the test roots.
  const [failure] = failed(content, certChainsPem)
  expect(failure).toMatchObject({ id: 'attestation.manufacturer-chain' })
  expect(failure?.detail).toMatch(/lead to .*CN=.*, which is no pinned root/)
  const makers = card.trustAnchors.filter(({ authority }) => authority === 'manufacturer')
  const [ownerless] = failed(content, certChainsPem, makers)
  expect(ownerless).toMatchObject({ id: 'attestation.owner-chain' })
  expect(ownerless?.detail).toMatch(/issued by .*CN=/)
})
