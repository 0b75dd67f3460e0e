// Keeps the rooms apart: reads every import of the tree, resolves it, and holds it against the table below. Also finds circles.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const FAMILIES = ['yubikey', 'yubihsm2', 'luna', 'nshield', 'fortanix', 'marvell-google']
const DOORS = ['devices/device.ts', 'devices/open.ts']
const TESTS = /\.test\.ts$|^test\//

/** from: who; may: where its imports may lead (prefixes); packages: which bare imports it may not have. First match counts. */
const RULES = [
  ...FAMILIES.map((family) => ({
    from: `devices/${family}/`,
    may: [`devices/${family}/`, 'devices/pkcs11/', 'devices/http/', 'devices/*'],
  })),
  { from: 'devices/pkcs11/', may: ['devices/pkcs11/', 'devices/*'] },
  { from: 'devices/http/', may: ['devices/http/', 'devices/*'] },
  { from: 'devices/', may: ['devices/'] },
  { from: 'src/asn1/', may: ['src/asn1/', 'src/errors.ts'] },
  { from: 'src/trust-anchors/', may: ['src/trust-anchors/', 'src/asn1/', 'src/hsm-type.ts', 'src/errors.ts'] },
  {
    from: 'src/attestation/',
    may: [
      'src/attestation/',
      'src/trust-anchors/',
      'src/asn1/',
      'src/csr/',
      'src/policy/',
      'src/archive/',
      'src/hsm-type.ts',
      'src/errors.ts',
      'devices/device.ts',
    ],
    packages:
      /^(node:(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads)(\/.*)?|undici|graphene-pk11|node-hid|google-auth-library)$/,
  },
  { from: 'src/csr/', may: ['src/csr/', 'src/asn1/', 'src/errors.ts', 'devices/device.ts'] },
  {
    from: 'src/policy/',
    may: [
      'src/policy/',
      'src/attestation/',
      'src/csr/',
      'src/asn1/',
      'src/hsm-type.ts',
      'src/errors.ts',
      'devices/device.ts',
    ],
  },
  {
    from: 'src/sectigo/',
    may: [
      'src/sectigo/',
      'src/attestation/',
      'src/csr/',
      'src/asn1/',
      'src/archive/',
      'src/hsm-type.ts',
      'src/errors.ts',
      'src/process-lock.ts',
      'src/make-directory.ts',
      'devices/device.ts',
    ],
  },
  { from: 'src/sandbox/', may: ['src/', 'devices/'], not: ['src/cli/'] },
  { from: 'src/cli/', may: ['src/', ...DOORS] },
  { from: 'src/', may: ['src/', ...DOORS], not: ['src/cli/', 'src/sandbox/'] },
]

const files = ['src', 'devices'].flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file)),
)
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g
const STATIC = /(?:^|\n)\s*(?:import|export)\s+(?!type\b)[^'"]*?from\s+['"](\.[^'"]+)['"]/g

const faults = []
const graph = new Map()
for (const file of files) {
  const text = readFileSync(file, 'utf8')
  const rule = RULES.find(({ from }) => file.startsWith(from))
  graph.set(
    file,
    [...text.matchAll(STATIC)].map(([, to]) => relative('.', join(dirname(file), to))),
  )
  if (rule === undefined || TESTS.test(file)) continue
  for (const [, a, b, c] of text.matchAll(IMPORT)) {
    const to = a ?? b ?? c
    if (!to.startsWith('.')) {
      if (rule.packages?.test(to)) faults.push(`${file} imports ${to}: this room does no I/O`)
      continue
    }
    const target = relative('.', join(dirname(file), to))
    const allowed = rule.may.some((prefix) =>
      prefix.endsWith('/*')
        ? dirname(target) === prefix.slice(0, -2)
        : prefix.endsWith('/')
          ? target.startsWith(prefix)
          : target === prefix,
    )
    if (!allowed || rule.not?.some((prefix) => target.startsWith(prefix)))
      faults.push(`${file} may not import ${target}`)
  }
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
