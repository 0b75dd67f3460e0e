// Bundles the program and the library. A command and its libraries are a chunk that is loaded when the command runs. What nearly every
// command loads is few chunks, whatever else imports its parts: each file costs Node.js more than the code in it.
import { relative, resolve } from 'node:path'
import { rolldown } from 'rolldown'
import { builtIns } from './lean-built-ins.mjs'
import { withoutFacades } from './lean-imports.mjs'
import { leanYargsInChunks } from './lean-yargs.mjs'

const modules = (...names) => names.map((name) => `/src/${name}.ts$`)
const chunk = (name, ...places) => ({ name, test: new RegExp(places.join('|').replaceAll('/', String.raw`[\\/]`)) })

/** A chunk of each: these modules with all that they import at once, but for what is in a chunk above. */
const CHUNKS = [
  // Help and version load nothing else.
  chunk('start', ...modules('cli/start')),
  // What all the others stand on. Neither it nor the verifier holds a file, network or process, for `hsm-enroll/check`.
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
  chunk('command-line', ...modules('cli/run-cli', 'cli/commands/check')),
  chunk('checking', ...modules('cli/judge-files', 'config/configuration')),
]

/** `external`: packages that stay outside; `alias`: what is bundled in the place of a package. Returns the files that went in. */
export async function buildProgram({ external, alias, entryPoints }) {
  const bundle = await rolldown({
    input: entryPoints,
    platform: 'node',
    external: (id) =>
      external.some((name) =>
        name.endsWith('*') ? id.startsWith(name.slice(0, -1)) : id === name || id.startsWith(`${name}/`),
      ),
    transform: { target: 'node20.19' },
    // The bundle names the files it is made of, as they are called from here: no path of this machine, wherever node_modules really is.
    resolve: {
      alias: Object.fromEntries(Object.entries(alias).map(([name, file]) => [name, resolve(file)])),
      symlinks: false,
    },
    plugins: [leanYargsInChunks, builtIns, withoutFacades],
    // Modules of one chunk are also imported when somebody asks for them.
    checks: { ineffectiveDynamicImport: false },
  })
  const { output } = await bundle.write({
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: { groups: CHUNKS.map((chunk, index) => ({ ...chunk, priority: CHUNKS.length - index })) },
  })
  await bundle.close()
  return output.flatMap((chunk) =>
    chunk.type === 'chunk' ? Object.keys(chunk.modules).map((id) => relative('.', id)) : [],
  )
}
