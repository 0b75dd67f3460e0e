// Builds the program, the library, the page and the tools, and emits the type declarations.
// --no-types: for a checkout on a host where the optional native addons, and so their types, could not be installed. Declarations that
// are there stay.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { buildPage } from './build-page.mjs'
import { buildLibrary, buildProgram } from './build-program.mjs'
import { leanYargs } from './lean-yargs.mjs'
import { portable } from './portable.mjs'
import { thirdPartyNotices } from './third-party.mjs'

const withTypes = !process.argv.includes('--no-types')
for (const name of existsSync('dist') ? readdirSync('dist') : []) {
  if (withTypes || name !== 'types') rmSync(`dist/${name}`, { recursive: true })
}
const common = {
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  // Native addons are optional and load at run time; the others are only loaded by the commands that need them.
  // The bundler itself is here for the tests alone (`runnableModule`).
  external: ['esbuild', 'graphene-pk11', 'pkcs11js', 'node-hid', 'google-auth-library', 'undici', 'pg', '@inquirer/*'],
  // For the CommonJS packages among what is bundled: all that they still require are built-ins of Node.js.
  banner: { js: 'const require = (name) => process.getBuiltinModule(name);' },
  // Its ES modules: a CommonJS package in a chunk of its own loses its named exports.
  alias: { yaml: './node_modules/yaml/browser/dist/index.js' },
  logLevel: 'warning',
  metafile: true,
  // The bundle names the files it is made of, as they are called from here: no path of this machine, wherever node_modules really is.
  preserveSymlinks: true,
  plugins: [leanYargs],
}
const program = await buildProgram({
  ...common,
  entryPoints: {
    program: 'src/cli/program.ts',
    'check-worker': 'src/cli/check-many/worker.ts',
    // Programs of the doubles: what these modules export is called from a process of its own.
    nfkmattest: 'src/sandbox/nshield/nfkmattest.ts',
    cmu: 'src/sandbox/luna/cmu.ts',
  },
})
// One file, which is all that help and version load. It is read by a Node.js of any age, to say that it is too old.
const main = await build({
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node12',
  sourcemap: true,
  entryPoints: ['src/cli/main.ts'],
  outdir: 'dist/cli',
  logLevel: 'warning',
  metafile: true,
})
const library = await buildLibrary({
  ...common,
  entryPoints: { index: 'src/library/index.ts', check: 'src/library/check.ts', enroll: 'src/library/enroll.ts' },
})
// For Node.js, which else reads dist/cli as the rest of the package.
writeFileSync('dist/cli/package.json', '{ "type": "commonjs" }\n')
// The verifier for where there is no Node.js. A built-in of Node.js in it would fail here: there is none to resolve to.
const anywhere = await build({
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  entryPoints: { 'check-anywhere': 'src/library/check.ts' },
  outdir: 'dist',
  alias: common.alias,
  logLevel: 'warning',
  metafile: true,
  preserveSymlinks: true,
  ...portable,
})
const page = await buildPage(common.alias)
// Apart from the program, so that the package carries none of their code.
await build({
  ...common,
  entryPoints: [
    'test/tools/vectors.ts',
    'test/tools/fuzz.ts',
    'test/tools/bench.ts',
    'test/tools/bench-start.ts',
    'test/tools/bench-verify.ts',
    'test/tools/bench-peers.ts',
    'test/tools/bench-many.ts',
    'test/tools/peer-ours.ts',
    'test/tools/bench-runs.ts',
    'test/tools/kill-test.ts',
    'test/tools/broker-kill.ts',
    'test/tools/bench-broker.ts',
    'test/tools/cut-test.ts',
    'test/tools/bounds.ts',
    'test/tools/man.ts',
    'test/tools/help.ts',
    'test/tools/simulate.ts',
    'test/tools/pebble-rig.ts',
    'test/tools/step-ca-rig.ts',
    'test/tools/page-cases.ts',
    'test/tools/bundle-bytes.ts',
    'test/tools/ceremony-reports.ts',
    'test/tools/fleet.ts',
    'test/tools/campaign.ts',
    'test/tools/pkcs11-module.ts',
  ],
  outdir: 'dist/tools',
})
execFileSync(process.execPath, ['dist/tools/man.js', 'dist/hsm-enroll.1'])
execFileSync(process.execPath, ['dist/tools/help.js', 'dist/cli'])
writeFileSync(
  'dist/third-party-notices.txt',
  thirdPartyNotices([
    ...Object.keys(main.metafile.inputs),
    ...program,
    ...library,
    ...Object.keys(anywhere.metafile.inputs),
    ...page,
  ]),
)
chmodSync('dist/cli/main.js', 0o755)
if (withTypes) {
  // What is wrong with the types is the business of `npm run typecheck`.
  const tsc = ['node_modules/typescript/bin/tsc', '--emitDeclarationOnly', '--noCheck']
  execFileSync(process.execPath, tsc, { stdio: 'inherit' })
}
