#!/usr/bin/env node
import { EXIT } from '../exit-codes.ts'
import { readBuiltHelp } from './built-help.ts'
import { isSupportedNode, NODE_ENGINES } from './node-version.ts'
import { quickAnswer } from './quick-answer.ts'
import { keepStreams } from './standard-streams.ts'

// Node.js opens its debugger on SIGUSR1, to whoever may connect to this machine, and with it every secret in this process.
process.on('SIGUSR1', () => undefined)

const helpFor = (width: number): string | undefined => readBuiltHelp(new URL(`./help-${width}.json`, import.meta.url))

// Asked before the rest is loaded: an older Node.js ends at the first export that it lacks, in words that help nobody.
if (isSupportedNode(process.versions.node)) {
  keepStreams()
  // Should the event loop run dry in the middle, the end is not taken for a good one.
  process.exitCode = EXIT.defect
  const argv = process.argv.slice(2)
  const answer = quickAnswer(argv, process.stdout.columns, helpFor)
  if (answer === undefined) {
    const { runCli } = await import('./run-cli.ts')
    process.exitCode = await runCli(argv)
  } else {
    process.stdout.write(`${answer}\n`)
    process.exitCode = EXIT.done
  }
} else {
  const code = 'usage.node-version'
  const message = `Could not start: this is Node.js ${process.versions.node}, and ${NODE_ENGINES} is needed.`
  const remedy = 'Install a newer Node.js (https://nodejs.org), or put it before this one in PATH.'
  const exitCode = EXIT.usage
  if (process.argv.includes('--json')) console.log(JSON.stringify({ error: { code, message, remedy, exitCode } }))
  console.error(`error: ${message}\nTry: ${remedy}\n(${code}, exit ${exitCode})`)
  process.exitCode = EXIT.usage
}
