// Keeps the rooms apart: holds every import of src and devices against the table below, and finds circles.
import { dirname } from 'node:path'
import { FAMILIES } from './families.mjs'
import { circlesOf, readImports } from './imports.mjs'

const CONTRACT = [
  'devices/device.ts',
  'devices/device-error.ts',
  'devices/device-guard.ts',
  'devices/device-uri.ts',
  'devices/hide-secrets.ts',
  'devices/run-program.ts',
  'devices/export-jwk.ts',
  'devices/key-algorithm.ts',
  'devices/obstacle.ts',
  'devices/signing-access.ts',
  'devices/native-addon.ts',
  'devices/native-addon-fault.ts',
  'devices/secret.ts',
  'devices/secret-form.ts',
  'devices/setting-reader.ts',
  'devices/with-timeout.ts',
]
const SHARED = 'src/*'
/** Digests, signatures, decompression: the one door to them, open to all of src. */
const DOOR = ['src/primitives/primitives.ts', 'src/primitives/public-numbers.ts']
/** What every family's verifier stands on. */
const EVIDENCE_GROUND = [
  SHARED,
  'src/asn1/',
  'src/archive/',
  'src/trust-anchors/',
  'src/attestation/contract/',
  'src/attestation/package/',
  'src/attestation/certificates/',
  'src/attestation/verdict.ts',
]
const IO =
  /^(node:(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|module)(\/.*)?|undici|google-auth-library|pg)$/
const HARDWARE = /^(graphene-pk11|pkcs11js|node-hid|google-auth-library|undici|pg)$/

/**
 * The table of docs/architecture.md. from: the room. may: where it imports from, beside itself. never: where not, all the same.
 * not: packages that it does without. The first match counts.
 */
const RULES = [
  ...FAMILIES.map((family) => ({
    from: `devices/${family}/`,
    may: [...CONTRACT, 'devices/pkcs11/', 'devices/http/', 'devices/lock/'],
  })),
  { from: 'devices/lock/', may: CONTRACT },
  { from: 'devices/pkcs11/', may: [...CONTRACT, 'devices/lock/'] },
  { from: 'devices/http/', may: CONTRACT },
  { from: 'devices/open.ts', may: ['devices/'] },
  { from: 'devices/', may: CONTRACT },
  { from: 'src/primitives/', may: [], not: IO },
  { from: 'src/asn1/', may: [SHARED], not: IO },
  { from: 'src/archive/', may: [SHARED], not: IO },
  { from: 'src/knowledge/', may: [SHARED], not: IO },
  { from: 'src/trust-anchors/', may: [SHARED, 'src/asn1/'], not: IO },
  { from: 'src/csr/', may: [SHARED, 'src/asn1/', 'devices/device.ts'], not: HARDWARE },
  { from: 'src/files/', may: [SHARED, 'devices/lock/'] },
  // The one room that speaks to a database.
  { from: 'src/ledger/postgresql/', may: [SHARED, 'src/ledger/'] },
  { from: 'src/ledger/', may: [SHARED, 'src/files/'], not: HARDWARE },
  {
    from: 'src/attestation/contract/',
    may: [SHARED, 'src/asn1/', 'src/knowledge/', 'src/trust-anchors/'],
    not: IO,
  },
  {
    from: 'src/attestation/package/',
    may: [SHARED, 'src/asn1/', 'src/archive/', 'src/attestation/contract/'],
    not: IO,
  },
  {
    from: 'src/attestation/certificates/',
    may: [SHARED, 'src/asn1/', 'src/trust-anchors/', 'src/attestation/contract/', 'src/attestation/package/'],
    not: IO,
  },
  { from: 'src/attestation/yubico/', may: EVIDENCE_GROUND, not: IO },
  ...FAMILIES.map((family) => ({
    from: `src/attestation/${family}/`,
    may: family.startsWith('yubi') ? [...EVIDENCE_GROUND, 'src/attestation/yubico/'] : EVIDENCE_GROUND,
    not: IO,
  })),
  {
    from: 'src/attestation/',
    may: [SHARED, 'src/asn1/', 'src/archive/', 'src/trust-anchors/'],
    not: IO,
  },
  {
    from: 'src/check/policy/',
    may: [SHARED, 'src/asn1/', 'src/csr/', 'src/knowledge/', 'src/attestation/contract/', 'devices/device.ts'],
    not: IO,
  },
  {
    // Families by what they offer to every reader, never by name.
    from: 'src/check/read/',
    may: [
      SHARED,
      'src/trust-anchors/',
      'src/asn1/',
      'src/archive/',
      'src/csr/',
      'src/attestation/*',
      'src/attestation/contract/',
      'src/attestation/package/',
      'src/attestation/certificates/',
    ],
    not: IO,
  },
  {
    from: 'src/check/',
    may: [
      SHARED,
      'src/asn1/',
      'src/archive/',
      'src/csr/',
      'src/knowledge/',
      'src/attestation/',
      'src/trust-anchors/',
      'devices/device.ts',
    ],
    not: IO,
  },
  {
    from: 'src/sectigo/',
    may: [
      SHARED,
      'src/files/',
      'src/asn1/',
      'src/archive/',
      'src/csr/',
      'src/check/read/',
      'devices/device.ts',
      'devices/with-timeout.ts',
    ],
    not: HARDWARE,
  },
  {
    from: 'src/acme/',
    may: [SHARED, 'src/asn1/', 'src/sectigo/certificate-authority.ts', 'src/sectigo/http/', 'devices/device.ts'],
    not: HARDWARE,
  },
  {
    from: 'src/config/',
    may: [
      SHARED,
      'src/files/',
      'src/knowledge/',
      'src/asn1/',
      'src/csr/',
      'src/check/read/',
      'src/sectigo/',
      'devices/device.ts',
      'devices/open.ts',
      'devices/run-program.ts',
    ],
    not: HARDWARE,
  },
  {
    from: 'src/broker-client/',
    may: [SHARED, 'src/check/read/', 'src/config/', 'src/ledger/', 'src/sectigo/', 'devices/device.ts'],
    not: HARDWARE,
  },
  {
    from: 'src/broker/',
    may: [
      SHARED,
      'src/asn1/',
      'src/attestation/contract/',
      'src/broker-client/',
      'src/check/',
      'src/config/',
      'src/csr/',
      'src/enrollment/',
      'src/files/',
      'src/knowledge/',
      'src/ledger/',
      'src/sectigo/',
    ],
    not: HARDWARE,
  },
  {
    from: 'src/enrollment/',
    may: [
      SHARED,
      'src/acme/',
      'src/asn1/',
      'src/attestation/',
      'src/broker-client/',
      'src/check/',
      'src/config/',
      'src/csr/',
      'src/files/',
      'src/knowledge/',
      'src/ledger/',
      'src/sectigo/',
      'devices/device.ts',
      'devices/open.ts',
      'devices/lock/login-note.ts',
      'devices/run-program.ts',
    ],
    not: HARDWARE,
  },
  // Verifies a bundle anywhere: what signs, asks and reads files is src/ceremony.
  {
    from: 'src/bundle/',
    may: [
      SHARED,
      'src/asn1/',
      'src/archive/',
      'src/attestation/certificates/',
      'src/check/',
      'src/knowledge/',
      'src/trust-anchors/',
    ],
    not: IO,
  },
  {
    from: 'src/ceremony/',
    may: [
      SHARED,
      'src/asn1/',
      'src/archive/',
      'src/bundle/',
      'src/check/read/',
      'src/config/',
      'src/enrollment/',
      'src/files/',
      'src/report/',
      'devices/device.ts',
      'devices/run-program.ts',
      'devices/with-timeout.ts',
    ],
    not: HARDWARE,
  },
  {
    from: 'src/page/',
    may: [SHARED, 'src/asn1/', 'src/attestation/', 'src/check/', 'src/knowledge/', 'src/trust-anchors/'],
    not: IO,
  },
  {
    from: 'src/report/',
    may: [SHARED, 'src/attestation/', 'src/bundle/', 'src/check/', 'src/enrollment/'],
    not: HARDWARE,
  },
  // The rehearsal CA judges evidence; doubles and issuers write it without the code that reads it.
  {
    from: 'src/sandbox/certificate-authority/',
    may: ['src/', 'devices/'],
    never: ['src/cli/', 'src/report/', 'src/library/'],
  },
  {
    from: 'src/sandbox/',
    may: ['src/', 'devices/'],
    never: ['src/attestation/', 'src/check/', 'src/cli/', 'src/report/', 'src/library/'],
  },
  {
    from: 'src/cli/',
    may: ['src/', 'devices/device.ts', 'devices/native-addon.ts', 'devices/open.ts', 'devices/run-program.ts'],
    never: ['src/library/'],
    not: HARDWARE,
  },
  // It judges anywhere: no room without I/O may reach any, nor may this.
  { from: 'src/library/check.ts', may: ['src/', 'devices/device.ts'], never: ['src/cli/', 'src/sandbox/'], not: IO },
  {
    from: 'src/library/',
    may: ['src/', 'devices/device.ts', 'devices/device-guard.ts', 'devices/open.ts'],
    never: ['src/cli/', 'src/sandbox/'],
    not: HARDWARE,
  },
  { from: 'src/', may: [SHARED, 'devices/device.ts'], not: HARDWARE },
]

/** Files that import by a computed name: bundlers leave the addons outside, the token's modules are bundled for other programs. */
const COMPUTED = [
  'devices/native-addon.ts',
  'src/cli/built-help.ts',
  'src/cli/code-cache.ts',
  'src/sandbox/pkcs11-token/runnable-module.ts',
  'src/sandbox/pkcs11-token/stand-in.ts',
]

/** `folder/` is all of it, `folder/*` the files in it but not below. */
const within = (target, places) =>
  places.some((place) => {
    if (place.endsWith('/*')) return dirname(target) === place.slice(0, -2)
    return place.endsWith('/') ? target.startsWith(place) : target === place
  })

const faults = []
const { names, files } = readImports()
for (const file of names.filter((name) => /\.([cm]js|js|[cm]ts|[jt]sx)$/.test(name)))
  faults.push(`${file} is no .ts file`)

/** File -> the files and packages that it loads when it is loaded; and, for circles, those that it takes types from. */
const graph = new Map()
const packages = new Map()
const leaning = new Map()
for (const { file, isTest, statements, expressions, unseen } of files) {
  const loaded = statements.filter(({ type }) => type === undefined)
  const targets = (imports, wanted) => imports.filter(({ own }) => own === wanted).map(({ to }) => to)
  graph.set(file, targets(loaded, true))
  packages.set(file, targets(loaded, false))
  leaning.set(file, targets(statements, true))
  if (isTest) continue
  const rule = RULES.find(({ from }) => file.startsWith(from))
  const door = rule.from.startsWith('src/') ? DOOR : []
  const open = [...(rule.from === 'src/' || rule.from === 'devices/' ? [] : [rule.from]), ...rule.may, ...door]
  for (const { own, to, other } of [...statements, ...expressions]) {
    if (to === undefined) {
      if (!COMPUTED.includes(file)) faults.push(`${file} imports a computed name: import(${other})`)
    } else if (!own) {
      if (rule.not?.test(to)) faults.push(`${file} imports ${to}: this room does without it`)
    } else if (!within(to, open) || within(to, rule.never ?? [])) faults.push(`${file} may not import ${to}`)
  }
  if (unseen && !COMPUTED.includes(file)) faults.push(`${file} loads what no import shows`)
}

/** A value that a file exports is used by another: tests and index.ts count. Types are left out: they name what exported signatures take. */
const EXPORTED = /^export (?:async |abstract )*(?:function\*?|const|class|enum) (\w+)/gm
/** File -> the texts of those that import it. */
const users = new Map()
const beside = readImports(['test', 'scripts'], (name) => /\.m?[jt]s$/.test(name))
for (const { text, statements, expressions } of [...files, ...beside.files]) {
  for (const { own, to } of [...statements, ...expressions]) {
    if (own) users.set(to, [...(users.get(to) ?? []), text])
  }
}
for (const { file, text } of files.filter(({ isTest }) => !isTest)) {
  for (const [, name] of text.matchAll(EXPORTED)) {
    const named = new RegExp(`\\b${name}\\b`)
    if (!(users.get(file) ?? []).some((user) => named.test(user)))
      faults.push(`${file} exports ${name}, which no other file uses`)
  }
}

/** A room without I/O has none through another room either. */
function reachesIo(file, path, seen) {
  if (seen.has(file)) return
  seen.add(file)
  const io = packages.get(file)?.find((name) => IO.test(name))
  if (io !== undefined && path.length > 0)
    faults.push(`${path[0]} reaches ${io} through ${[...path, file].join(' -> ')}`)
  for (const next of graph.get(file) ?? []) reachesIo(next, [...path, file], seen)
}
for (const { file, isTest } of files) {
  if (!isTest && RULES.find(({ from }) => file.startsWith(from)).not === IO) reachesIo(file, [], new Set())
}

for (const circle of circlesOf(leaning)) faults.push(`circle: ${circle.join(' -> ')}`)

for (const fault of faults) console.error(fault)
console.log(`${files.length} files, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
