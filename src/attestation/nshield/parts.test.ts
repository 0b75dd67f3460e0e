import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { concat, text, word } from '../../sandbox/nshield/evidence/message-writer.ts'
import { NSHIELD_TRUST_ANCHORS } from '../../trust-anchors/nshield.ts'
import { verifySignature } from '../certificates/verify-signature.ts'
import { type NshieldAcl, readAcl } from './acl.ts'
import { judgeAcl, OPERATION_BITS } from './acl-policy.ts'
import { NSHIELD_CURVES } from './curves.ts'
import { readDdds } from './ddds.ts'
import { readKeyData } from './key.ts'
import { nshieldKeyHash } from './key-hash.ts'
import { hex, NcoreReader } from './message.ts'
import { readModuleState } from './module-state.ts'

const folder = sharedFolder('vectors')
const fromHex = (value: string): Uint8Array => Buffer.from(value.replaceAll(' ', ''), 'hex')

describe.runIf(folder !== undefined)('key hashes that Entrust’s own module computed', () => {
  const bundle: Record<string, string> =
    folder === undefined
      ? {}
      : JSON.parse(readFileSync(join(folder, 'nshield/entrust-softcard-ec/key_pkcs11_test2.att'), 'utf8'))
  const member = (name: string): Uint8Array => Buffer.from(bundle[name] ?? '', 'base64url')

  it('come out for ECDSA P-256, DSA-3072 and ECDSA P-521', () => {
    const state = readModuleState(member('modstatemsg'))
    const p256 = readKeyData(new NcoreReader(member('pubkeydata'), 'pubkeydata'))
    expect(hex(nshieldKeyHash(p256))).toBe(hex(member('kcmsg').subarray(-20)))
    expect(state.kml.key.type).toBe('DSA')
    expect(hex(nshieldKeyHash(state.kml.key))).toBe(hex(state.kml.hash))
    const klf2 = state.klf2
    expect(klf2?.key).toMatchObject({ type: 'ECDSA', curve: { name: 'P-521' } })
    expect(klf2 === undefined ? '' : hex(nshieldKeyHash(klf2.key))).toBe(hex(klf2?.hash ?? new Uint8Array()))
  })
})

describe.runIf(folder !== undefined)('the delegation in Entrust’s example warrant', () => {
  it('is signed by KWARN-1 and can be read', () => {
    const example: Record<'payload' | 'signature', string> = JSON.parse(
      readFileSync(join(folder ?? '', 'nshield/warrant-example-delegation.json'), 'utf8'),
    )
    const scheme = { key: 'ec', hash: 'sha512', encoding: 'p1363' } as const
    const spki = Buffer.from(NSHIELD_TRUST_ANCHORS[0]?.spki ?? '', 'base64')
    expect(verifySignature(scheme, spki, fromHex(example.payload), fromHex(example.signature))).toBe(true)
    const payload = readDdds(fromHex(example.payload))
    expect(payload.kind === 'map' ? [...payload.entries.keys()] : []).toEqual([
      'DelegateKey',
      'SigMech',
      'WarrantCertificateType',
    ])
  })
})

describe('curve parameters', () => {
  const number = (value: string): bigint => BigInt(`0x${value}`)
  it.each(NSHIELD_CURVES.map((curve) => [curve.name, curve] as const))(
    '%s: the base point is on the curve',
    (_, curve) => {
      const { p, a, b, x, y } = {
        p: number(curve.p),
        a: number(curve.a),
        b: number(curve.b),
        x: number(curve.gx),
        y: number(curve.gy),
      }
      expect((y * y - (x * x * x + a * x + b)) % p).toBe(0n)
      expect(curve.octets).toBe(Math.ceil(curve.bits / 8))
      expect(p.toString(2)).toHaveLength(curve.bits)
    },
  )
})

describe('nCore marshalling', () => {
  const reader = (value: string): NcoreReader => new NcoreReader(fromHex(value), 'test')

  it('has little-endian words and numbers', () => {
    expect(reader('04030201').u32()).toBe(0x01020304)
    expect(reader('ffffffff').u32()).toBe(0xffffffff)
    expect(hex(reader('04000000 01020000').bignum())).toBe('0201')
  })

  it.each([
    ['a number that is no whole words', '03000000 010203'],
    ['an empty number', '00000000'],
    ['a number with a word too many', '08000000 01020304 00000000'],
    ['a number that is cut off', '08000000 01020304'],
    ['a number larger than any key', 'ffffff7f'],
  ])('refuses %s', (_, value) => expect(() => reader(value).bignum()).toThrow(/nShield bundle/))

  it('refuses strings without NUL, with odd padding or with other bytes', () => {
    expect(new NcoreReader(text('8938-1075-88BB'), 'test').string()).toBe('8938-1075-88BB')
    for (const bad of ['02000000 41420000', '02000000 41000001', '02000000 07000000', '00000000']) {
      expect(() => reader(bad).string()).toThrow(/a string is malformed/)
    }
  })
})

describe('warrant data (DDDS)', () => {
  it.each([
    ['an unknown tag', '40'],
    ['nothing', ''],
    ['bytes after it', '0000'],
    ['a list that is cut off', '9201'],
    ['a map whose key is no symbol', 'b1 21 41 00'],
    ['a map with a key twice', 'b2 31 41 00 31 41 01'],
    ['text that is not ASCII', '21 ff'],
    ['an integer that is no byte block', 'f4 01'],
    ['too deep a nest', '91'.repeat(20)],
  ])('refuses %s', (_, value) => expect(() => readDdds(fromHex(value))).toThrow(/nShield bundle/))
})

describe('the access control list', () => {
  const hkm = Buffer.alloc(20, 1)
  const world = { module: hkm, securityOfficer: Buffer.alloc(20, 2), recovery: Buffer.alloc(20, 3) }
  const operations = (bits: number): NshieldAcl => ({
    groups: [{ certifiers: [], actions: [{ kind: 'operations', bits }] }],
  })

  it('names all sixteen permission bits', () => {
    expect(OPERATION_BITS.map(({ bit }) => bit)).toEqual(Array.from({ length: 16 }, (_, index) => 1 << index))
  })

  it.each(OPERATION_BITS.map((bit) => [bit.name, bit] as const))(
    '%s alone is judged as the table says',
    (_, { bit, forbidden }) => {
      expect(judgeAcl(operations(bit), world).refusals.length > 0).toBe(forbidden)
    },
  )

  it('refuses every bit above the sixteenth', () => {
    for (let bit = 16; bit < 32; bit++) expect(judgeAcl(operations((1 << bit) >>> 0), world).refusals).toHaveLength(1)
  })

  it('reads and refuses every unknown flag of groups and blobs', () => {
    const aclOf = (...parts: readonly Uint8Array[]): NshieldAcl =>
      readAcl(new NcoreReader(concat(word(1), ...parts), 'test'))
    for (const flag of [0x10, 0x80, 0x100, 0x80000000]) {
      expect(() => aclOf(word(flag), word(0), word(0))).toThrow(/unknown flags/)
    }
    for (const flag of [0x80, 0x80000000]) {
      expect(() => aclOf(word(0), word(0), word(1), word(2), word(flag))).toThrow(/unknown flags/)
    }
  })

  it('takes a key for recoverable where the archive is for the world’s recovery key alone', () => {
    const archive = (archiveKey?: Uint8Array): NshieldAcl => ({
      groups: [
        { certifiers: [], actions: [{ kind: 'archive-blob', ...(archiveKey === undefined ? {} : { archiveKey }) }] },
      ],
    })
    const { recovery: hkre, ...uncertified } = world
    expect(judgeAcl(archive(hkre), world)).toMatchObject({ recovery: true, refusals: [] })
    for (const verdict of [
      judgeAcl(archive(hkm), world),
      judgeAcl(archive(), world),
      judgeAcl(archive(hkre), uncertified),
    ]) {
      expect(verdict).toMatchObject({ recovery: false, refusals: [expect.stringContaining('may be archived')] })
    }
  })

  it('takes the weakest protection that any copy may have', () => {
    const blob = (flags: number, tokenFlags?: number) =>
      ({ kind: 'blob', flags, moduleKey: hkm, ...(tokenFlags === undefined ? {} : { tokenFlags }) }) as const
    const list = (...actions: readonly ReturnType<typeof blob>[]): NshieldAcl => ({
      groups: [{ certifiers: [], actions }],
    })
    expect(judgeAcl(list(blob(0x1c, 7)), world).protection).toBe('softcard')
    expect(judgeAcl(list(blob(0x1c, 3)), world).protection).toBe('cardset')
    expect(judgeAcl(list(blob(0x1c, 3), blob(0x05)), world).protection).toBe('module')
    expect(judgeAcl(list(), world).protection).toBe('session')
  })
})
