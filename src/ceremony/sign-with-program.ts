/** Signing by programs that people have their keys in: ssh-keygen (files, agents, security keys) and minisign. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programEnvironment } from '../../devices/run-program.ts'
import { SSH_NAMESPACE } from '../bundle/signatures/ssh-signature.ts'
import { EnrollError } from '../errors.ts'

export type SigningProgram = 'ssh-keygen' | 'minisign'

/** The arguments, and the file that the program writes beside `statement`. The program asks for a passphrase itself, on the terminal. */
const CALLS: Readonly<
  Record<
    SigningProgram,
    (key: string, statement: string) => { readonly args: readonly string[]; readonly writes: string }
  >
> = {
  'ssh-keygen': (key, statement) => ({
    args: ['-Y', 'sign', '-n', SSH_NAMESPACE, '-f', key, statement],
    writes: `${statement}.sig`,
  }),
  minisign: (key, statement) => ({
    args: ['-S', '-s', key, '-m', statement, '-x', `${statement}.minisig`],
    writes: `${statement}.minisig`,
  }),
}

/**
 * Has a program sign the statement with the key in a file of its own; hsm-enroll never reads that file. Returns the signature file.
 * Throws EnrollError `bundle.program`.
 */
export async function signWithProgram(
  program: SigningProgram,
  key: string,
  statement: Uint8Array,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'hsm-enroll-sign-'))
  try {
    const file = join(folder, 'statement.pae')
    await writeFile(file, statement, { mode: 0o600 })
    const { args, writes } = CALLS[program](key, file)
    await run(program, args, env)
    return await readFile(writes)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function run(
  program: SigningProgram,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // Its questions and answers are its user's: nothing of them passes through here. Results of ours alone go to stdout.
    const child = spawn(program, args, { env: { ...programEnvironment(env) }, stdio: ['inherit', 2, 2] })
    child.once('error', (cause) =>
      reject(
        failed(
          `${program} could not be started`,
          `Install ${program}, or sign elsewhere and pass the file with --signature.`,
          cause,
        ),
      ),
    )
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else
        reject(
          failed(
            `${program} ended with ${code ?? 'a signal'}`,
            'Read what it printed above; check the key file and its passphrase.',
          ),
        )
    })
  })
}

const failed = (why: string, remedy: string, cause?: unknown): EnrollError =>
  new EnrollError('bundle.program', `Could not sign: ${why}.`, { remedy, cause })
