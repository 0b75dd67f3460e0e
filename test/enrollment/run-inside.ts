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

/**
 * Sets what is read from the environment of the process itself, by native modules above all, until the function is called that it
 * returns.
 */
export function setEnvironment(values: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, values)
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
