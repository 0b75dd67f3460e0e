// `npm run demo` in a fresh clone: installs and builds what is missing, then runs the demo.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const program = join(root, 'dist/cli/main.js')
const run = (command, args, stdio) =>
  execFileSync(command, args, { cwd: root, stdio, shell: process.platform === 'win32' })

if (!existsSync(join(root, 'node_modules/esbuild'))) {
  console.error('Installing the dependencies …')
  run('npm', ['ci', '--loglevel=error'], ['ignore', 'ignore', 'inherit'])
}
if (!existsSync(program)) {
  console.error('Building …')
  run(process.execPath, ['scripts/build.mjs', '--no-types'], ['ignore', 'ignore', 'inherit'])
}
try {
  run(process.execPath, [program, 'demo', ...process.argv.slice(2)], 'inherit')
} catch (error) {
  process.exitCode = error.status ?? 70
}
