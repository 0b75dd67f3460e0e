// Bundles the program and the library: two graphs of chunks that share none, and no process loads both. The program is CommonJS, which
// Node.js loads in half the time of ES modules; the library is ES modules, so that whoever bundles it takes no more than they use. A command
// and its libraries are a chunk that is loaded when the command runs. What nearly every command loads is few chunks, whatever else imports
// its parts: each file costs Node.js more than the code in it.
import { relative, resolve } from 'node:path'
import { rolldown } from 'rolldown'
import { builtIns } from './lean-built-ins.mjs'
import { leanChunks } from './lean-chunks.mjs'
import { withoutFacades } from './lean-imports.mjs'
import { leanYargsInChunks } from './lean-yargs.mjs'

const modules = (...names) => names.map((name) => `/src/${name}.ts$`)
const chunk = (name, ...places) => ({ name, test: new RegExp(places.join('|').replaceAll('/', String.raw`[\\/]`)) })
/** These modules alone, for when something of them is first used: nothing of another chunk uses them while it is loaded. */
const apart = (name, ...places) => ({ ...chunk(name, ...places), includeDependenciesRecursively: false })

/** A chunk of each: these modules with all that they import at once, but for what is in a chunk above. */
const PROGRAM = [
  // What a check of another family's evidence does without.
  apart('nshield', '/attestation/nshield/(?!verify|rules|words|bundle)'),
  apart('luna', '/attestation/luna/(?!verify|rules|words|confirmation)'),
  apart('marvell-google', '/attestation/marvell-google/(?!verify|rules|words|statement|unwrap|attributes)'),
  apart('fortanix', '/attestation/fortanix/(?:authority|chain|statement)'),
  apart('rsa', '/src/check/policy/(?:roca|small-factor|close-primes)'),
  apart('cborg', '/node_modules/cborg/'),
  apart('request', '/src/csr/', '/src/check/read/request-input', '/src/check/policy/subject-bounds'),
  // What a file does without that is the package itself, in DER or plain PEM.
  apart(
    'wrapped',
    '/src/check/read/layers/(?:text|mail|json|named-values|html|base64|percent|quoted|invisible|wrong-file|pem)',
    '/src/check/read/(?:certificate-order|hidden-keys)',
    '/src/check/evidence-certificates',
    '/src/attestation/package/repeated-member',
    '/src/asn1/(?:der-writer|public-key-writer|ber|decode-text|signature-value)',
  ),
  // What a command does without that ends well, and has no configuration file or knowledge of its own.
  apart(
    'failing',
    '/src/error-codes',
    '/src/cli/(?:report-error|next-steps|documentation)',
    '/devices/(?:hide-secrets|device-uri)',
  ),
  apart(
    'seldom',
    '/src/knowledge/(?:minisign|pinned-keys|other-tools)',
    '/src/trust-anchors/user-trust-anchors',
    '/src/check/read/(?:trust-anchors|chains|public-key)-input',
    '/src/config/configuration-file',
    '/src/files/(?!bounded)',
    '/devices/open',
  ),
  chunk('command-line', '^\0node:', ...modules('errors', 'config/settings', 'cli/run-cli', 'cli/commands/check')),
  chunk(
    'checking',
    ...modules(
      'attestation/contract/attestation-result',
      'check/check-attestation',
      'check/configured',
      'check/read/(?:evidence|public-key|chains)-input',
      'cli/judge-files',
      'config/configuration',
    ),
  ),
]
/**
 * What orders, charges or talks to who does. An upgrade may replace the files while a command runs: whatever is first used after a request
 * that costs money, as for a refusal, is loaded before it.
 */
const WHOLE = [
  'cli/run-view',
  ...['advance', 'order-once', 'charge-once', 'order-from-form', 'record-revocation'].map(
    (name) => `enrollment/${name}`,
  ),
  ...['ca-client', 'connect-to-ca', 'connect-to-acme'].map((name) => `enrollment/${name}`),
  ...['auto-authorize', 'auto-refund', 'auto-revoke-certificate'].map((name) => `sectigo/${name}`),
  ...['broker-client/broker-authority', 'broker-client/person-calls', 'broker/order-desk', 'broker/broker-server'],
].map((name) => `src/${name}.ts`)
const LIBRARY = [
  // What the others stand on. Neither it nor the verifier holds a file, network or process, for `hsm-enroll/check`.
  chunk(
    'ground',
    '^\0node:(?:crypto|zlib)$',
    ...modules('errors', 'printable', 'iso-day', 'hsm-type', 'did-you-mean', 'config/settings'),
  ),
  chunk(
    'verifier',
    ...modules(
      'attestation/contract/attestation-result',
      'check/check-attestation',
      'check/configured',
      'check/read/(?:evidence|public-key|chains)-input',
    ),
  ),
  chunk('built-ins', '^\0node:'),
]

/** `external`: packages that stay outside; `alias`: what is bundled in the place of a package. Returns the files that went in. */
async function bundleChunks({ external, alias, entryPoints, dir, format, chunks }) {
  const bundle = await rolldown({
    input: entryPoints,
    preserveEntrySignatures: format === 'cjs' ? 'allow-extension' : 'exports-only',
    platform: 'node',
    external: (id) =>
      external.some((name) =>
        name.endsWith('*') ? id.startsWith(name.slice(0, -1)) : id === name || id.startsWith(`${name}/`),
      ),
    transform: {
      target: 'node20.19',
      // What yargs asks of the module system where a configuration extends another one: there is none in CommonJS, and no such configuration.
      define: format === 'cjs' ? { 'import.meta.resolve': 'undefined' } : {},
    },
    // The bundle names the files it is made of, as they are called from here: no path of this machine, wherever node_modules really is.
    resolve: {
      alias: Object.fromEntries(Object.entries(alias).map(([name, file]) => [name, resolve(file)])),
      symlinks: false,
    },
    plugins: [
      leanYargsInChunks,
      builtIns,
      format === 'cjs' ? leanChunks({ first: 'command-line.js', entry: 'program.js', whole: WHOLE }) : withoutFacades,
    ],
    // Modules of one chunk are also imported when somebody asks for them.
    checks: { ineffectiveDynamicImport: false },
  })
  const { output } = await bundle.write({
    dir,
    format,
    sourcemap: true,
    charset: 'ascii',
    comments: { legal: false, jsdoc: false },
    dynamicImportInCjs: false,
    chunkFileNames: ({ name }) => (name === 'command-line' ? '[name].js' : '[name]-[hash].js'),
    codeSplitting: { groups: chunks.map((chunk, index) => ({ ...chunk, priority: chunks.length - index })) },
  })
  await bundle.close()
  return output.flatMap((chunk) =>
    chunk.type === 'chunk' ? Object.keys(chunk.modules).map((id) => relative('.', id)) : [],
  )
}

export const buildProgram = (options) => bundleChunks({ ...options, dir: 'dist/cli', format: 'cjs', chunks: PROGRAM })
export const buildLibrary = (options) => bundleChunks({ ...options, dir: 'dist', format: 'esm', chunks: LIBRARY })
