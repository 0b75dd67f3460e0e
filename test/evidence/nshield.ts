/** nShield bundles in every shape the reference names, good and bad, under a test root key. */
import { randomBytes } from 'node:crypto'
import { group, makeArchiveBlob, makeBlob } from '../../src/sandbox/nshield/evidence/access-control.ts'
import {
  createNshieldEvidenceIssuer,
  type NshieldBundleRequest,
  type NshieldEvidenceIssuer,
  SIGNING_OPERATIONS,
  urlSafe,
} from '../../src/sandbox/nshield/evidence/issuer.ts'
import { concat, text, word } from '../../src/sandbox/nshield/evidence/message-writer.ts'
import type { SyntheticEvidence } from '../../src/sandbox/synthetic-evidence.ts'
import { type TestKeyPair, type TestKeyType, testKeyPair, testRsaPublicKey } from '../../src/sandbox/test-key-pair.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'

const ESN = '1A2B-0000-TEST'

/** Makes the whole list anew; DSA worlds use fixed domain parameters, so it takes about a second. */
export function syntheticEvidence(): readonly SyntheticEvidence[] {
  const module = createNshieldEvidenceIssuer({ esn: ESN })
  const key = testKeyPair('P-256')
  return [
    ...goodWorlds(key),
    ...goodKeys(module, key),
    ...goodLists(module, key),
    ...recoverable(module, key),
    ...badAccessControl(module, key),
    ...badMembers(module, key),
    ...badWarrants(key),
    ...weakWorlds(key),
    ...badRoots(module, key),
  ]
}

type Shape = Omit<SyntheticEvidence, 'hsmType' | 'trustAnchors'>

const under = (trustAnchors: readonly TrustAnchor[], shapes: readonly Shape[]): readonly SyntheticEvidence[] =>
  shapes.map((shape) => ({ ...shape, hsmType: 'NSHIELD', trustAnchors }))

function goodWorlds({ spki }: TestKeyPair): readonly SyntheticEvidence[] {
  const worlds = [
    { name: 'DSA-3072 world', world: 'DSA-3072' },
    { name: 'FIPS world with DSA-3072 keys', world: 'DSA-3072', fips: true },
    { name: 'FIPS world with P-521 keys', world: 'P-521', fips: true },
    { name: 'field upgrade warrant', world: 'P-521', fieldUpgrade: true },
    { name: 'warrant without delegation', delegations: 0 },
    { name: 'warrant with two delegations', delegations: 2 },
    { name: 'world with a KML of P-256', kml: 'P-256' },
    { name: 'DSA world with a KML of P-521', world: 'DSA-3072', kml: 'P-521' },
  ] as const
  return worlds.flatMap(({ name, ...personality }) => {
    const module = createNshieldEvidenceIssuer({ esn: ESN, ...personality })
    return under(module.trustAnchors, [{ name, package: module.bundle({ spki }), expect: 'genuine' }])
  })
}

function weakWorlds({ spki }: TestKeyPair): readonly SyntheticEvidence[] {
  const worlds = [
    {
      name: 'security officer’s key of DSA 1024',
      failedCheck: 'attestation.world-binding',
      world: 'DSA-1024',
      kml: 'P-521',
    },
    { name: 'module key (KML) of DSA 1024', failedCheck: 'attestation.module-state', kml: 'DSA-1024' },
  ] as const
  return worlds.flatMap(({ name, failedCheck, ...personality }) => {
    const module = createNshieldEvidenceIssuer({ esn: ESN, ...personality })
    return under(module.trustAnchors, [{ name, package: module.bundle({ spki }), expect: 'refuse', failedCheck }])
  })
}

function goodKeys(module: NshieldEvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const types: readonly TestKeyType[] = ['RSA-2048', 'RSA-3072', 'P-256', 'P-384', 'P-521']
  const good = (name: string, request: NshieldBundleRequest): Shape => ({
    name,
    package: module.bundle(request),
    expect: 'genuine',
  })
  const json = Buffer.from(module.bundle({ spki: key.spki })).toString()
  const members: Readonly<Record<string, string>> = JSON.parse(json)
  const reversed = JSON.stringify(Object.fromEntries(Object.entries(members).reverse()))
  const form = (name: string, written: string): Shape => ({
    name,
    package: Buffer.from(written),
    expect: 'genuine',
  })
  return under(module.trustAnchors, [
    ...types.map((type) => good(type, { spki: testKeyPair(type).spki })),
    good('module protection', { spki: key.spki, protection: 'module' }),
    good('card set protection', { spki: key.spki, protection: 'cardset' }),
    good('RSA-4096', { spki: testRsaPublicKey(4096) }),
    good('RSA with a given exponent and prime checks', { spki: testRsaPublicKey(3072), rsaParameters: true }),
    good('EC key of the type ECPublic', { spki: key.spki, ecKeyType: 'EC' }),
    form('base64 of the JSON', Buffer.from(json).toString('base64')),
    form('members in another order', reversed),
    form('JSON over many lines', JSON.stringify(members, null, 2).replaceAll('\n', '\r\n')),
    form('a member that nobody knows', json.replace('{', '{"version":{"major":2},')),
  ])
}

/** Lists that grant no more than the plain one: limits, an audit log, one module. */
function goodLists(module: NshieldEvidenceIssuer, { spki }: TestKeyPair): readonly SyntheticEvidence[] {
  const sign = concat(word(1), word(SIGNING_OPERATIONS))
  const hash = randomBytes(20)
  const limits = [concat(word(1), hash, word(10)), concat(word(3), word(3600)), concat(word(6), hash, word(10))]
  const good = (name: string, extra: Uint8Array): Shape => ({
    name,
    package: module.bundle({ spki, extraGroups: [extra] }),
    expect: 'genuine',
  })
  return under(module.trustAnchors, [
    good('a group with limits of use', group([sign], { limits })),
    good('a group whose uses are logged', group([sign], { flags: 0x20 })),
    good('a group for one module', concat(group([sign], { flags: 0x08 }), text(ESN))),
    good('the public half may be derived', group([concat(word(5), word(0), word(1), word(29), word(0))])),
    good('a group that grants nothing', group([])),
  ])
}

/** Genuine, and for policy to refuse. */
const recoverable = (module: NshieldEvidenceIssuer, { spki }: TestKeyPair): readonly SyntheticEvidence[] =>
  under(module.trustAnchors, [
    { name: 'recoverable (trump ops)', package: module.bundle({ spki, recovery: 'trump' }), expect: 'genuine' },
    { name: 'recoverable (archive blob)', package: module.bundle({ spki, recovery: 'archive' }), expect: 'genuine' },
  ])

function badAccessControl(module: NshieldEvidenceIssuer, { spki }: TestKeyPair): readonly SyntheticEvidence[] {
  const bad = (name: string, request: Omit<NshieldBundleRequest, 'spki'>, failedCheck = ACCESS): Shape => ({
    name,
    package: module.bundle({ spki, ...request }),
    expect: 'refuse',
    failedCheck,
  })
  const forbidden = { ExportAsPlain: 0x4, SetAppData: 0x10, ExpandACL: 0x40, UseAsKM: 0x800, UseAsLoaderKey: 0x4000 }
  const extra = (name: string, action: Uint8Array, failedCheck = ACCESS): Shape =>
    bad(name, { extraGroups: [group([action])] }, failedCheck)
  const hash = randomBytes(20)
  return under(module.trustAnchors, [
    ...Object.entries(forbidden).map(([name, bit]) => bad(name, { operations: SIGNING_OPERATIONS | bit })),
    bad('unknown permission', { operations: SIGNING_OPERATIONS | 0x10000 }),
    bad('copies under another module key', { blobModuleKey: hash }),
    bad('group certified by another key', { extraGroups: [group([concat(word(1), word(4))], { certifier: hash })] }),
    extra('archive under another key', makeArchiveBlob(hash)),
    extra('archive under any key', makeArchiveBlob()),
    bad('archive under a key that is not certified', { recovery: 'archive', members: WITHOUT_RECOVERY_KEYS }),
    bad('export in a group whose uses are logged', {
      extraGroups: [group([concat(word(1), word(4))], { flags: 0x20 })],
    }),
    bad('export in a group for one module', {
      extraGroups: [concat(group([concat(word(1), word(4))], { flags: 0x08 }), text(ESN))],
    }),
    bad('export with a fresh certificate of nobody', {
      extraGroups: [group([concat(word(1), word(4))], { flags: 0x02 })],
    }),
    extra('derivation', concat(word(5), word(0), word(1), word(7), word(0))),
    extra('copies under any module key', concat(word(2), word(0x01 | 0x02))),
    extra('copies under a null token', concat(word(2), word(0x21 | 0x04), hash)),
    extra('copies under nothing', concat(word(2), word(0x04), hash)),
    extra('token of unknown parameters', concat(word(2), word(0x04 | 0x08), hash, hash)),
    extra('unknown action', concat(word(99), word(0)), ENCODING),
    extra('unknown MakeBlob flag', concat(word(2), word(0x81)), ENCODING),
    bad('unknown group flag', { extraGroups: [concat(word(0x80), word(0), word(0))] }, ENCODING),
    bad('unknown limit', { extraGroups: [group([], { limits: [concat(word(9), word(1))] })] }, ENCODING),
    bad('blob that is cut off', { extraGroups: [group([makeBlob('softcard', hash).subarray(0, 20)])] }, ENCODING),
  ])
}

const WITHOUT_RECOVERY_KEYS = { hkre: undefined, hkra: undefined, CertKREaKRAbKNSO: undefined }

const ACCESS = 'attestation.access-control'
const ENCODING = 'attestation.encoding'

/** Members of a second module under the same root key, or of a second bundle, in place of the right ones. */
function badMembers(module: NshieldEvidenceIssuer, { spki }: TestKeyPair): readonly SyntheticEvidence[] {
  const request = { spki }
  const members = module.members(request)
  const withMechanism = (mechanism: number): Readonly<Record<string, string>> => ({
    kcsig: urlSafe(concat(word(mechanism), Buffer.from(members.kcsig ?? '', 'base64url').subarray(4))),
  })
  const other = createNshieldEvidenceIssuer({ esn: '9Z9Z-0000-TEST' }).members(request)
  const second = module.members({ spki: testKeyPair('P-256').spki })
  const swap = (
    name: string,
    failedCheck: string,
    from: Readonly<Record<string, string>>,
    ...names: readonly string[]
  ): Shape => {
    const swapped = Object.fromEntries(names.map((member) => [member, from[member] ?? members[member]]))
    return { name, package: Buffer.from(JSON.stringify({ ...members, ...swapped })), expect: 'refuse', failedCheck }
  }
  const whole = (name: string, from: Readonly<Record<string, string>>): Shape => ({
    name,
    package: Buffer.from(JSON.stringify(from)),
    expect: 'genuine',
  })
  const world = ['knsopub', 'hkm', 'hkmc', 'CertKMaKMCbKNSO', 'hkre', 'hkra', 'CertKREaKRAbKNSO']
  return under(module.trustAnchors, [
    // What a splice can put the bad ones back to: the judge of mutants must know it.
    whole('the bundle that the bad ones are made of', members),
    whole('the bundle that their strange members are from', second),
    swap('key of another bundle', 'attestation.key-hash', second, 'pubkeydata'),
    swap('generation certificate of another bundle', 'attestation.key-generation', second, 'kcmsg'),
    swap('both of another bundle, signature kept', 'attestation.key-generation', second, 'pubkeydata', 'kcmsg'),
    swap(
      'key and generation certificate of another module',
      'attestation.key-generation',
      other,
      'pubkeydata',
      'kcmsg',
      'kcsig',
    ),
    swap('warrant of another root', 'attestation.warrant', other, 'warrant'),
    swap('module state of another module', 'attestation.module-state', other, 'modstatemsg', 'modstatesig'),
    swap('world of another module', 'attestation.security-officer', other, ...world),
    swap('module key of another world', 'attestation.module-key', other, 'hkm'),
    swap('hkmc of another world', 'attestation.world-binding', other, 'hkmc'),
    swap('recovery keys of another world', 'attestation.recovery-binding', other, 'hkre'),
    swap(
      'another cipher suite',
      'attestation.world-binding',
      { ciphersuite: 'DLf3072s256mAEScSP800131Ar1' },
      'ciphersuite',
    ),
    swap('another root name', 'attestation.warrant', { root: 'KWARN-2' }, 'root'),
    swap('legacy cipher suite', 'attestation.encoding', { ciphersuite: 'DLf1024s160mDES3' }, 'ciphersuite'),
    swap('signature of another mechanism than KML has', 'attestation.key-generation', withMechanism(170), 'kcsig'),
    swap('signature of an unknown mechanism', 'attestation.key-generation', withMechanism(99), 'kcsig'),
    {
      name: 'an RSA key in an EC generation certificate',
      package: module.bundle({ spki, bundledSpki: testKeyPair('RSA-2048').spki }),
      expect: 'refuse',
      failedCheck: 'attestation.key-hash',
    },
  ])
}

/** What no swap can make: the root key has signed these. */
function badWarrants({ spki }: TestKeyPair): readonly SyntheticEvidence[] {
  const warrants = [
    { name: 'warrant of another serial number', failedCheck: 'attestation.serial', warrantEsn: '9Z9Z-0000-TEST' },
    { name: 'warrant from before KLF2', failedCheck: ENCODING, withoutKlf2: true },
  ] as const
  return warrants.flatMap(({ name, failedCheck, ...personality }) => {
    const module = createNshieldEvidenceIssuer({ esn: ESN, ...personality })
    return under(module.trustAnchors, [{ name, package: module.bundle({ spki }), expect: 'refuse', failedCheck }])
  })
}

function badRoots(module: NshieldEvidenceIssuer, { spki }: TestKeyPair): readonly SyntheticEvidence[] {
  const package_ = module.bundle({ spki })
  const shape = (name: string): Shape => ({
    name,
    package: package_,
    expect: 'refuse',
    failedCheck: 'attestation.warrant',
  })
  const ended = module.trustAnchors.map((anchor): TrustAnchor => ({ ...anchor, notAfter: '2025-12-31' }))
  return [
    ...under(createNshieldEvidenceIssuer({ esn: ESN }).trustAnchors, [shape('root key of another vendor')]),
    ...under([], [shape('no anchor at all')]),
    ...under(ended, [shape('expired anchor')]),
  ]
}
