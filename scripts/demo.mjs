// `npm run demo` in a fresh clone: installs and builds what is missing, then runs the demo.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const program = join(root, 'dist/cli/main.js')
const require = createRequire(import.meta.url)
const run = (command, args, stdio) =>
  spawnSync(command, args, { cwd: root, encoding: 'utf8', stdio, shell: process.platform === 'win32' })

/** npm's warnings are of use where an addon is missing afterwards: npm ends well without one. */
function install() {
  console.error('Installing the dependencies …')
  const { status, stdout, stderr, error } = run('npm', ['ci', '--loglevel=warn'], ['ignore', 'pipe', 'pipe'])
  if (error !== undefined) throw error
  const missing = ['pkcs11js', 'node-hid'].filter((addon) => !loads(addon))
  if (status === 0 && missing.length === 0) return
  console.error(`${stdout}${stderr}`.trim())
  if (status !== 0) process.exit(status ?? 70)
  console.error(
    `Without ${missing.join(' and ')}; \`npx --no -- hsm-enroll doctor\` says what needs it and what to do. Going on.`,
  )
}

function loads(addon) {
  try {
    require(addon)
    return true
  } catch {
    return false
  }
}

if (!existsSync(join(root, 'node_modules/esbuild'))) install()
if (!existsSync(program)) {
  console.error('Building …')
  const { status } = run(process.execPath, ['scripts/build.mjs', '--no-types'], ['ignore', 'ignore', 'inherit'])
  if (status !== 0) process.exit(status ?? 70)
}
process.exitCode = run(process.execPath, [program, 'demo', ...process.argv.slice(2)], 'inherit').status ?? 70
