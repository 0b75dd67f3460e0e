import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js')

/**
 * Node.js reads its own roots before it takes the list that the program gives it: a tenth of the time that an enrolment takes. With this,
 * which is how Debian builds it, it does not; the program's list is what it was.
 */
export const SPARE_ROOTS = { NODE_OPTIONS: '--use-openssl-ca' }

export interface ProgramEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Loaded before it. */
  readonly imports?: readonly string[]
  /** Another one than what was built here. */
  readonly main?: string
  /** On stdin. */
  readonly input?: string
}

/** Runs the built program, as a user does. Throws where it was not built. */
export function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramEnd> {
  if (!existsSync(MAIN)) throw new Error('the program is not built: npm run build')
  const imports = (options.imports ?? []).flatMap((file) => ['--import', file])
  const child = spawn(process.execPath, [...imports, options.main ?? MAIN, ...args], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: '/nonexistent',
      XDG_CONFIG_HOME: '/nonexistent',
      HSM_ENROLL_TEST_DEVICE_LOCKS: process.env.HSM_ENROLL_TEST_DEVICE_LOCKS ?? '',
      NO_COLOR: '1',
      ...SPARE_ROOTS,
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined).end(options.input ?? '')
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((done, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => done({ code, signal, stdout, stderr }))
  })
}
