// Keeps the rooms apart: holds every import of src and devices against the table below, and finds circles. It reads lines as
// `biome format` writes them, which `npm run lint` makes sure of first.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const FAMILIES = ['yubikey', 'yubihsm2', 'luna', 'nshield', 'fortanix', 'marvell-google']
const CONTRACT = [
  'devices/device.ts',
  'devices/device-error.ts',
  'devices/device-uri.ts',
  'devices/hide-secrets.ts',
  'devices/run-program.ts',
  'devices/key-algorithm.ts',
  'devices/native-addon.ts',
  'devices/native-addon-fault.ts',
  'devices/secret.ts',
  'devices/secret-form.ts',
  'devices/setting-reader.ts',
]
const SHARED = 'src/*'
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
  /^(node:(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|module)(\/.*)?|undici|google-auth-library)$/
const HARDWARE = /^(graphene-pk11|pkcs11js|node-hid|google-auth-library|undici)$/

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
  { from: 'src/asn1/', may: [SHARED], not: IO },
  { from: 'src/archive/', may: [SHARED], not: IO },
  { from: 'src/trust-anchors/', may: [SHARED, 'src/asn1/'], not: IO },
  { from: 'src/csr/', may: [SHARED, 'src/asn1/', 'devices/device.ts'], not: HARDWARE },
  { from: 'src/files/', may: [SHARED, 'devices/lock/'] },
  { from: 'src/ledger/', may: [SHARED, 'src/files/'], not: HARDWARE },
  { from: 'src/attestation/contract/', may: [SHARED, 'src/asn1/', 'src/trust-anchors/'], not: IO },
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
    may: [SHARED, 'src/asn1/', 'src/csr/', 'src/attestation/contract/', 'devices/device.ts'],
    not: IO,
  },
  {
    // Families by what they offer to every reader, never by name.
    from: 'src/check/read/',
    may: [
      SHARED,
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
      'src/attestation/',
      'src/trust-anchors/',
      'devices/device.ts',
    ],
    not: IO,
  },
  {
    from: 'src/sectigo/',
    may: [SHARED, 'src/files/', 'src/asn1/', 'src/archive/', 'src/csr/', 'src/check/read/', 'devices/device.ts'],
    not: HARDWARE,
  },
  {
    from: 'src/config/',
    may: [
      SHARED,
      'src/files/',
      'src/asn1/',
      'src/csr/',
      'src/sectigo/',
      'devices/device.ts',
      'devices/open.ts',
      'devices/run-program.ts',
    ],
    not: HARDWARE,
  },
  {
    from: 'src/enrollment/',
    may: [
      SHARED,
      'src/asn1/',
      'src/attestation/',
      'src/check/',
      'src/config/',
      'src/csr/',
      'src/files/',
      'src/ledger/',
      'src/sectigo/',
      'devices/device.ts',
      'devices/open.ts',
    ],
    not: HARDWARE,
  },
  { from: 'src/report/', may: [SHARED, 'src/attestation/', 'src/check/', 'src/enrollment/'], not: HARDWARE },
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
    may: ['src/', 'devices/device.ts', 'devices/native-addon.ts', 'devices/open.ts'],
    never: ['src/library/'],
    not: HARDWARE,
  },
  // It judges anywhere: no room without I/O may reach any, nor may this.
  { from: 'src/library/check.ts', may: ['src/', 'devices/device.ts'], never: ['src/cli/', 'src/sandbox/'], not: IO },
  {
    from: 'src/library/',
    may: ['src/', 'devices/device.ts', 'devices/open.ts'],
    never: ['src/cli/', 'src/sandbox/'],
    not: HARDWARE,
  },
  { from: 'src/', may: [SHARED, 'devices/device.ts'], not: HARDWARE },
]

/** Files that import by a computed name: bundlers leave the addons outside, the token's modules are bundled for other programs. */
const COMPUTED = [
  'devices/native-addon.ts',
  'src/sandbox/pkcs11-token/runnable-module.ts',
  'src/sandbox/pkcs11-token/stand-in.ts',
]

const STATEMENT = /^(?:import|export)\s+(type\b)?[^;]*?\bfrom '([^']+)'|^import '([^']+)'/gm
const EXPRESSION = /(?<![.#\w])import\(\s*(?:'([^']+)'|([^)]*))/g
const UNSEEN = /\b(createRequire|getBuiltinModule)\b|(?<![.\w])require\(\s*['"`]/

/** Comments out, so that an apostrophe in one does not hide what follows. Addresses in strings lose their end, which matters to no import. */
const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g, '')

/** `folder/` is all of it, `folder/*` the files in it but not below. */
const within = (target, places) =>
  places.some((place) => {
    if (place.endsWith('/*')) return dirname(target) === place.slice(0, -2)
    return place.endsWith('/') ? target.startsWith(place) : target === place
  })

/** Tests beside the rooms, where there are any. */
function testFiles() {
  return ['test', 'scripts']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, file)))
    .filter((name) => /\.m?[jt]s$/.test(name))
}

const faults = []
/** File -> the files and packages that it loads when it is loaded. */
const graph = new Map()
const packages = new Map()
const all = ['src', 'devices'].flatMap((folder) =>
  readdirSync(folder, { recursive: true }).map((file) => join(folder, file)),
)
for (const file of all.filter((name) => /\.([cm]js|js|[cm]ts|[jt]sx)$/.test(name)))
  faults.push(`${file} is no .ts file`)
const files = all.filter((name) => name.endsWith('.ts'))

for (const file of files) {
  const text = withoutComments(readFileSync(file, 'utf8'))
  const at = (specifier) => relative('.', join(dirname(file), specifier))
  const statements = [...text.matchAll(STATEMENT)].map(([, type, from, bare]) => ({ type, to: from ?? bare }))
  const expressions = [...text.matchAll(EXPRESSION)].map(([, literal, other]) => ({ to: literal, other }))
  const loaded = statements.filter(({ type }) => type === undefined).map(({ to }) => to)
  graph.set(
    file,
    loaded.filter((to) => to.startsWith('.')).map((to) => at(to)),
  )
  packages.set(
    file,
    loaded.filter((to) => !to.startsWith('.')),
  )
  if (file.endsWith('.test.ts')) continue
  const rule = RULES.find(({ from }) => file.startsWith(from))
  const open = rule.from === 'src/' || rule.from === 'devices/' ? rule.may : [rule.from, ...rule.may]
  for (const { to, other } of [...statements, ...expressions]) {
    if (to === undefined) {
      if (!COMPUTED.includes(file)) faults.push(`${file} imports a computed name: import(${other})`)
    } else if (!to.startsWith('.')) {
      if (rule.not?.test(to)) faults.push(`${file} imports ${to}: this room does without it`)
    } else if (!within(at(to), open) || within(at(to), rule.never ?? []))
      faults.push(`${file} may not import ${at(to)}`)
  }
  if (UNSEEN.test(text) && !COMPUTED.includes(file)) faults.push(`${file} loads what no import shows`)
}

/** A value that a file exports is used by another: tests and index.ts count. Types are left out: they name what exported signatures take. */
const EXPORTED = /^export (?:async |abstract )*(?:function\*?|const|class|enum) (\w+)/gm
/** Exported ahead of what will use them. */
const AWAITED = new Set(['isSameProfile', 'checkLedger', 'attemptName'])
const users = new Map()
const texts = new Map()
for (const file of [...files, ...testFiles()]) {
  const text = withoutComments(readFileSync(file, 'utf8'))
  texts.set(file, text)
  for (const [, from] of text.matchAll(/\b(?:from|import\() ?'(\.[^']+)'/g)) {
    const target = relative('.', join(dirname(file), from))
    users.set(target, [...(users.get(target) ?? []), file])
  }
}
for (const file of files.filter((name) => !name.endsWith('.test.ts'))) {
  for (const [, name] of texts.get(file).matchAll(EXPORTED)) {
    const named = new RegExp(`\\b${name}\\b`)
    if (!AWAITED.has(name) && !(users.get(file) ?? []).some((user) => named.test(texts.get(user))))
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
for (const file of files.filter((name) => !name.endsWith('.test.ts'))) {
  if (RULES.find(({ from }) => file.startsWith(from)).not === IO) reachesIo(file, [], new Set())
}

const done = new Set()
function visit(file, path) {
  const at = path.indexOf(file)
  if (at !== -1) {
    faults.push(`circle: ${[...path.slice(at), file].join(' -> ')}`)
    return
  }
  if (done.has(file)) return
  for (const next of graph.get(file) ?? []) visit(next, [...path, file])
  done.add(file)
}
for (const file of graph.keys()) visit(file, [])

for (const fault of faults) console.error(fault)
console.log(`${files.length} files, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
