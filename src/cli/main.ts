#!/usr/bin/env node
import { EXIT } from '../exit-codes.ts'
import { readBuiltHelp } from './built-help.ts'
import { withCodeCache } from './code-cache.ts'
import { isSupportedNode, NODE_ENGINES } from './node-version.ts'
import { start } from './start.ts'

// Node.js opens its debugger on SIGUSR1, to whoever may connect to this machine, and with it every secret in this process.
process.on('SIGUSR1', () => undefined)

// Asked before the rest is loaded: an older Node.js ends at the first export that it lacks, in words that help nobody.
if (isSupportedNode(process.versions.node)) {
  // A ceremony records what it ran on by the digests of these files, and so runs nothing else.
  const load = process.argv[2] === 'ceremony' ? require : withCodeCache(__dirname, require)
  void start(
    (width) => readBuiltHelp(`${__dirname}/help-${width}.json`),
    async () => load('./command-line.js') as typeof import('./program.ts'),
  )
} else {
  const code = 'usage.node-version'
  const message = `Could not start: this is Node.js ${process.versions.node}, and ${NODE_ENGINES} is needed.`
  const remedy = 'Install a newer Node.js (https://nodejs.org), or put it before this one in PATH.'
  const exitCode = EXIT.usage
  if (process.argv.includes('--json')) console.log(JSON.stringify({ error: { code, message, remedy, exitCode } }))
  console.error(`error: ${message}\nTry: ${remedy}\n(${code}, exit ${exitCode})`)
  process.exitCode = EXIT.usage
}
