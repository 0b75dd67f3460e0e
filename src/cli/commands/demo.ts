import { KEY_ALGORITHMS } from '../../../devices/device.ts'
import { EXIT, type ExitCode } from '../../errors.ts'
import { DOUBLES } from '../../sandbox/doubles.ts'
import type { Command } from '../command.ts'

export const demo: Command = {
  command: 'demo',
  summary: 'run a whole enrolment against a simulated device and a rehearsal CA',
  options: {
    device: {
      type: 'string',
      default: 'yubihsm2',
      describe: Object.keys(DOUBLES).join(', '),
    },
    algorithm: {
      type: 'string',
      choices: KEY_ALGORITHMS,
      describe: 'type of the key to generate',
    },
    directory: { type: 'string', describe: 'folder to keep everything in; default: a new temporary folder' },
  },
  run: async (args, context) => {
    const { mkdtemp, rm } = await import('node:fs/promises')
    const { tmpdir } = await import('node:os')
    const { join, resolve } = await import('node:path')
    const { startRehearsal } = await import('../../sandbox/rehearsal/start-rehearsal.ts')
    const { output } = context
    const chosen = args.text('directory')
    const directory = chosen === undefined ? await mkdtemp(join(tmpdir(), 'hsm-enroll-')) : resolve(context.cwd, chosen)
    const algorithm = KEY_ALGORITHMS.find((name) => name === args.text('algorithm'))
    output.progress(`Starting the ${args.required('device')} double and the rehearsal CA; nothing leaves this machine.`)
    /** What nobody asked to keep goes, unless the run failed and somebody wants to look. */
    const end = async (code: ExitCode): Promise<ExitCode> => {
      if (chosen === undefined && code === EXIT.done) {
        await rm(directory, { recursive: true, force: true })
        output.progress(`\nThe folder ${directory} was removed; \`--directory FOLDER\` keeps everything.`)
      }
      return code
    }
    const rehearsal = await startRehearsal({
      directory,
      device: args.required('device'),
      ...(algorithm === undefined ? {} : { algorithm }),
    }).catch(async (error: unknown) => {
      if (chosen === undefined) await rm(directory, { recursive: true, force: true })
      throw error
    })
    let code: ExitCode = EXIT.defect
    try {
      output.progress(
        `The profile: ${rehearsal.profile}\nThe same with your own device: hsm-enroll enroll PROFILE --wait\n`,
      )
      const json = output.json ? ['--json'] : []
      const env = { ...context.env, ...rehearsal.environment }
      code = await runSelf(['enroll', rehearsal.profile, '--yes', '--wait', ...json], env, context.signal)
    } finally {
      await rehearsal.close()
    }
    return end(code)
  },
}

/** Runs this program in a process of its own, as a person would: modules read their environment when they load. */
async function runSelf(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { spawn } = await import('node:child_process')
  const { ownProgram } = await import('../own-program.ts')
  // A signal that came while modules were loaded would be told to nobody: the event is over.
  if (signal.aborted) return EXIT.usage
  const child = spawn(process.execPath, [...ownProgram(), ...args], { stdio: 'inherit', env })
  // Ctrl-C reaches both processes, other signals this one alone.
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, ended) => {
      // The run may die of the signal before it has begun to listen.
      if (signal.aborted && ended !== null) return resolve(EXIT.usage)
      resolve(Object.values(EXIT).find((known) => known === code) ?? EXIT.defect)
    })
  })
}
