import { Writable } from 'node:stream'
import { runCli } from '../../src/cli/run-cli.ts'
import { type ProgramEnd, type ProgramOptions, runProgram } from './built-program.ts'

/**
 * Runs the command line in this process, from its sources, with an environment as `runProgram` gives one: a process costs as much as all
 * else that a test does. What depends on a process (signals, streams, addons) has to be run as one; with an
 * input, it is.
 */
export async function runInside(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramEnd> {
  if (options.input !== undefined || options.imports !== undefined) return runProgram(args, options)
  const written = { stdout: '', stderr: '' }
  const into = (name: keyof typeof written): Writable =>
    new Writable({
      decodeStrings: false,
      write: (text: string, _encoding, done) => {
        written[name] += text
        done()
      },
    })
  const code = await runCli(args, {
    stdout: into('stdout'),
    stderr: into('stderr'),
    env: {
      PATH: process.env.PATH ?? '',
      HOME: '/nonexistent',
      XDG_CONFIG_HOME: '/nonexistent',
      NO_COLOR: '1',
      ...options.env,
    },
    signal: new AbortController().signal,
  })
  return { code, signal: null, ...written }
}
