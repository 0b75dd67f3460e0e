// `npm run demo` in a fresh clone: installs and builds what is missing, then runs the demo.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const program = join(root, 'dist/cli/main.js')
const require = createRequire(import.meta.url)
/** A terminal sends Ctrl-C to both processes; what is sent to this one alone is passed on, so that no other goes on without it. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']

function run(command, args, stdio) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio, shell: process.platform === 'win32' })
    const passOn = (signal) => child.kill(signal)
    for (const signal of SIGNALS) process.on(signal, passOn)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    child.once('error', reject)
    child.once('close', (status) => {
      for (const signal of SIGNALS) process.off(signal, passOn)
      resolve({ status, output })
    })
  })
}

/** npm's warnings are of use where an addon is missing afterwards: npm ends well without one. */
async function install() {
  console.error('Installing the dependencies …')
  const { status, output } = await run('npm', ['ci', '--loglevel=warn'], ['ignore', 'pipe', 'pipe'])
  const missing = ['pkcs11js', 'node-hid'].filter((addon) => !loads(addon))
  if (status === 0 && missing.length === 0) return
  console.error(output.trim())
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

if (!existsSync(join(root, 'node_modules/esbuild'))) await install()
if (!existsSync(program)) {
  console.error('Building …')
  const { status } = await run(process.execPath, ['scripts/build.mjs', '--no-types'], ['ignore', 'ignore', 'inherit'])
  if (status !== 0) process.exit(status ?? 70)
}
const { status } = await run(process.execPath, [program, 'demo', ...process.argv.slice(2)], 'inherit')
process.exitCode = status ?? 70
