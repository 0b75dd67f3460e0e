import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { mutateBytes } from '../../../test/tools/mutate.ts'
import { checkAttestation } from '../../check/check-attestation.ts'
import { policyProfile } from '../../check/policy/policy-profile.ts'
import { EnrollError } from '../../errors.ts'
import { group } from '../../sandbox/nshield/evidence/access-control.ts'
import { createNshieldEvidenceIssuer, urlSafe } from '../../sandbox/nshield/evidence/issuer.ts'
import { concat, word } from '../../sandbox/nshield/evidence/message-writer.ts'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import { NSHIELD_TRUST_ANCHORS } from '../../trust-anchors/nshield.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import type { AttestationResult } from '../contract/attestation-result.ts'
import { nshield } from './verify.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const folder = sharedFolder('vectors')
const verify = (
  package_: Uint8Array,
  trustAnchors: readonly TrustAnchor[] = NSHIELD_TRUST_ANCHORS,
  options: Readonly<Record<string, string>> = {},
) => nshield.verify(package_, { trustAnchors, now: NOW, options })

const statusOf = ({ checks }: Pick<AttestationResult, 'checks'>, id: string) =>
  checks.find((check) => check.id === id)?.status

function isGenuine(package_: Uint8Array, trustAnchors: readonly TrustAnchor[]): boolean {
  try {
    return verify(package_, trustAnchors).genuine
  } catch (error) {
    expect(error).toBeInstanceOf(EnrollError)
    return false
  }
}

/** Flips bits inside the members, where a flip in the JSON mostly breaks base64. */
function mutateMember(package_: Uint8Array, index: number, change: number): Uint8Array {
  const members: Record<string, string> = JSON.parse(Buffer.from(package_).toString())
  const names = Object.keys(members).filter((name) => name !== 'root' && name !== 'ciphersuite')
  const name = names[index % names.length] ?? ''
  members[name] = urlSafe(mutateBytes(Buffer.from(members[name] ?? '', 'base64url'), change))
  return Buffer.from(JSON.stringify(members))
}

const softcard =
  folder === undefined
    ? new Uint8Array()
    : readFileSync(join(folder, 'nshield/entrust-softcard-ec/key_pkcs11_test2.att'))

describe.runIf(folder !== undefined)("Entrust's softcard bundle", () => {
  const package_ = softcard

  it('is genuine, and says what nfkmattest says of it', () => {
    const verdict = verify(package_)
    expect(verdict.genuine).toBe(true)
    expect(verdict.trustAnchor?.name).toBe('KWARN-1')
    expect(verdict.device).toMatchObject({ serial: '8938-1075-88BB', fips: 'certified' })
    expect(verdict.claims).toMatchObject({
      key: 'P256',
      esn: '8938-1075-88BB',
      keyHash: '523bbe0a73105e86757d83c75785e3dd76699da0',
      protection: 'softcard',
      recovery: false,
      permissions: ['sign'],
      fips: false,
      extractable: false,
      hknso: '8780fd7238ee86ee3b124486d222b597aaa7a2a8',
      cipherSuite: 'DLf3072s256mAEScSP800131Ar1',
    })
  })

  it('has a field upgrade warrant: a warning, or a refusal by policy', () => {
    const id = 'policy.field-upgrade-warrant'
    expect(statusOf(verify(package_), id)).toBe('warn')
    expect(statusOf(verify(package_, undefined, { fieldUpgradeWarrants: 'refuse' }), id)).toBe('fail')
    expect(verify(package_, undefined, { fieldUpgradeWarrants: 'refuse' }).genuine).toBe(true)
  })

  it('is not genuine with any byte of its JSON changed', () => {
    fc.assert(
      fc.property(fc.nat(), (change) => {
        const mutant = mutateBytes(package_, change)
        const same = JSON.stringify(known(mutant)) === JSON.stringify(known(package_))
        if (!same) expect(isGenuine(mutant, NSHIELD_TRUST_ANCHORS)).toBe(false)
      }),
      { numRuns: 250, seed: 3 },
    )
  })

  it('is not genuine with any byte of any member changed', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100 }), fc.nat(), (index, change) => {
        const mutant = mutateMember(package_, index, change)
        const same = JSON.stringify(parsed(mutant)) === JSON.stringify(parsed(package_))
        if (!same) expect(isGenuine(mutant, NSHIELD_TRUST_ANCHORS)).toBe(false)
      }),
      { numRuns: 250, seed: 4 },
    )
  })
})

/** Without the members that a bundle does not have: they are not signed, and a warning names them. */
function known(package_: Uint8Array): unknown {
  const value = parsed(package_)
  const names = Object.keys(parsed(softcard) ?? {})
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)))
    : value
}

function parsed(package_: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(package_).toString())
  } catch {
    return undefined
  }
}

describe('nShield bundles of worlds that Entrust published no example of', () => {
  const { spki } = testKeyPair('P-384')

  it('a FIPS world with P-521 keys is genuine and says that it is one', () => {
    const module = createNshieldEvidenceIssuer({ esn: 'F1F1-F1F1-F1F1', fips: true })
    const verdict = verify(module.bundle({ spki, protection: 'cardset' }), module.trustAnchors)
    expect(verdict.genuine).toBe(true)
    expect(verdict.claims).toMatchObject({ fips: true, key: 'P384', protection: 'cardset' })
  })

  it('a bundle with both kinds of binding, or with neither, is refused', () => {
    const module = createNshieldEvidenceIssuer({ esn: 'F1F1-F1F1-F1F1' })
    const { CertKMaKMCbKNSO } = module.members({ spki })
    for (const members of [{ CertKMaKMCaKFIPSbKNSO: CertKMaKMCbKNSO }, { CertKMaKMCbKNSO: undefined }]) {
      const verdict = verify(module.bundle({ spki, members }), module.trustAnchors)
      expect(verdict.genuine).toBe(false)
      expect(statusOf(verdict, 'attestation.encoding')).toBe('fail')
    }
  })

  it('recoverable keys are genuine, and what policy says of them decides', () => {
    const module = createNshieldEvidenceIssuer({ esn: 'F1F1-F1F1-F1F1' })
    for (const recovery of ['trump', 'archive'] as const) {
      const package_ = module.bundle({ spki, recovery })
      const judged = (recoverable: 'refuse' | 'warn') => {
        const { trustAnchors } = module
        return checkAttestation({
          package: package_,
          trustAnchors,
          now: NOW,
          policy: policyProfile(undefined, { recoverable }),
        })
      }
      const refused = judged('refuse')
      expect(refused.claims).toMatchObject({ recovery: true, extractable: false, neverExtractable: false })
      expect(refused).toMatchObject({ genuine: true, acceptable: false })
      expect(statusOf(refused, 'policy.key.recoverable')).toBe('fail')
      const warned = judged('warn')
      expect(warned).toMatchObject({ genuine: true, acceptable: true })
      expect(statusOf(warned, 'policy.key.recoverable')).toBe('warn')
    }
  })

  it('a key that may decrypt and unwrap is genuine, with a warning', () => {
    const module = createNshieldEvidenceIssuer({ esn: 'F1F1-F1F1-F1F1' })
    const rsa = testKeyPair('RSA-2048').spki
    const verdict = verify(module.bundle({ spki: rsa, protection: 'module', operations: 0xb52b }), module.trustAnchors)
    expect(verdict.genuine).toBe(true)
    expect(verdict.claims).toMatchObject({ permissions: ['decrypt', 'unwrap', 'sign'], protection: 'module' })
    expect(statusOf(verdict, 'policy.permissions')).toBe('warn')
  })
})

describe('a member that nobody knows', () => {
  const module = createNshieldEvidenceIssuer({ esn: 'F1F1-F1F1-F1F1' })
  const json = Buffer.from(module.bundle({ spki: testKeyPair('P-256').spki })).toString()
  const withMember = (member: string) => verify(Buffer.from(json.replace('{', `{${member},`)), module.trustAnchors)

  it('is named in a warning and changes nothing else', () => {
    const plain = verify(Buffer.from(json), module.trustAnchors)
    for (const member of ['"comment":"x"', '"version":2', '"kml":{"type":"P-256"}', '"Root":"KWARN-2"']) {
      const verdict = withMember(member)
      expect({ ...verdict, checks: [] }).toEqual({ ...plain, checks: [] })
      const check = verdict.checks.find(({ id }) => id === 'attestation.encoding')
      expect(check?.status).toBe('warn')
      expect(check?.detail).toContain(member.split(':')[0])
    }
  })

  it('cannot steer a terminal, and nor can the name of the root key', () => {
    const hostile = '\u009b2J\u202ex'
    for (const [member, id] of [
      [`"${hostile}":1`, 'attestation.encoding'],
      [`"root":"${hostile}"`, 'attestation.warrant'],
    ] as const) {
      const text = json.replace(member.startsWith('"root"') ? '"root":"KWARN-1"' : '{', (old) =>
        old === '{' ? `{${member},` : member,
      )
      const check = verify(Buffer.from(text), module.trustAnchors).checks.find((one) => one.id === id)
      expect(check?.detail).toContain('"?2J?x"')
      expect(check?.detail).not.toMatch(/[\u0080-\u009f\u202e]/)
    }
  })

  it('takes the place of none that must be there', () => {
    const renamed = json.replace('"kcsig"', '"kcsig2"')
    expect(() => verify(Buffer.from(renamed), module.trustAnchors)).toThrow(/"kcsig" is missing/)
  })
})

describe('what cannot be judged', () => {
  const module = createNshieldEvidenceIssuer({ esn: 'F1F1-F1F1-F1F1' })
  const { spki } = testKeyPair('P-256')
  const remedyOf = (members: Readonly<Record<string, string | undefined>>): string | undefined =>
    verify(module.bundle({ spki, members }), module.trustAnchors).checks.find(({ status }) => status === 'fail')?.remedy
  const hash = (mechanism: number): string => urlSafe(concat(word(mechanism), Buffer.alloc(32)))
  const ed25519 = urlSafe(concat(word(65), word(32), Buffer.alloc(32)))
  const secp256k1 = urlSafe(concat(word(46), word(22), word(0)))

  it.each([
    ['a key hash of SHA-256: a newer version', { hkm: hash(93) }, /Update hsm-enroll/],
    ['an Ed25519 key: another key', { pubkeydata: ed25519 }, /Generate an RSA key, or an EC key/],
    ['a key on secp256k1: another key', { pubkeydata: secp256k1 }, /Generate an RSA key, or an EC key/],
    ['a world of 1024 bits: another world', { ciphersuite: 'DLf1024s160mDES3' }, /current cipher suite/],
    ['a key of no Security World: one that is stored', { knsopub: undefined }, /stored in the Security World/],
  ] as const)('says what helps: %s', (_, members, remedy) => expect(remedyOf(members)).toMatch(remedy))

  it('says that a list with an unknown action needs another key, not another bundle', () => {
    const verdict = verify(
      module.bundle({ spki, extraGroups: [group([concat(word(99), word(0))])] }),
      module.trustAnchors,
    )
    expect(verdict.checks.find(({ status }) => status === 'fail')?.remedy).toMatch(/^Generate a new key/)
  })

  it('says that a warrant without KLF2 is an old one', () => {
    const old = createNshieldEvidenceIssuer({ esn: 'F1F1-F1F1-F1F1', withoutKlf2: true })
    const check = verify(old.bundle({ spki }), old.trustAnchors).checks.find(({ status }) => status === 'fail')
    expect(check?.detail).toContain('certifies no KLF2 key')
    expect(check?.remedy).toContain('Ask Entrust for the KLF2 warrant')
  })
})

describe('what is no bundle', () => {
  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['another JSON', '{"a":1}'],
    ['a list', '[]'],
    ['one member', '{"root":"KWARN-1"}'],
    ['JSON that is cut off', '{"kcmsg":"AA=='],
  ])('is an error that says so: %s', (_, text) => {
    expect(() => verify(Buffer.from(text))).toThrow(/Could not read the nShield bundle/)
  })

  const members = createNshieldEvidenceIssuer({ esn: 'F1F1-F1F1-F1F1' }).members({ spki: testKeyPair('P-256').spki })
  const json = JSON.stringify(members)

  it.each([
    ['a member twice', json.replace('{', '{"root":"KWARN-1",')],
    ['a member twice, once escaped', json.replace('{', '{"\\u0072oot":"KWARN-2",')],
    ['a number in place of text', json.replace('{', '{"hkfips":1,')],
    ['base64 of the other alphabet', json.replace(/"hkm":"[^"]+"/, '"hkm":"++++"')],
    ['base64 without padding', json.replace(/"hkm":"[^"]+"/, '"hkm":"AA"')],
  ])('is refused: %s', (_, text) => expect(() => verify(Buffer.from(text))).toThrow(EnrollError))
})
