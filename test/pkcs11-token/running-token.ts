import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { findClientModule } from '../../src/sandbox/pkcs11-token/client-module.ts'
import type { PersonalityChoice } from '../../src/sandbox/pkcs11-token/personalities/load-personality.ts'
import { type RunningToken, startToken } from '../../src/sandbox/pkcs11-token/start-token.ts'
import { allHere } from '../not-run.ts'

export interface Outcome {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

const TIMEOUT_MS = 60_000

/** Runs a program to its end; a program that fails is an outcome, not an error. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string; readonly cwd?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      [...args],
      { env: { ...process.env, ...options.env }, timeout: TIMEOUT_MS, cwd: options.cwd, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : child.exitCode, signal: child.signalCode, stdout, stderr })
      },
    )
    // A program may end without reading what it was given.
    child.stdin?.on('error', () => undefined).end(options.input ?? '')
  })
}

const onPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))

/** False, with a line on stderr, where something these tests drive is not installed; an error in CI. */
export function installed(...programs: readonly string[]): boolean {
  const missing = programs.filter((program) => !onPath(program))
  try {
    findClientModule()
  } catch {
    missing.push('p11-kit-client.so')
  }
  return allHere(missing)
}

export interface TokenUnderTest {
  readonly token: RunningToken
  readonly directory: string
  readonly module: string
  /** Runs a program that loads p11-kit-client.so. */
  run(program: string, args: readonly string[], input?: string): Promise<Outcome>
}

/** A token for all tests of a `describe`. The getter may be called within tests. */
export function withToken(personality: PersonalityChoice): () => TokenUnderTest {
  let current: TokenUnderTest | undefined
  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'p11t-'))
    const token = await startToken({ directory, personality })
    current = {
      token,
      directory,
      module: findClientModule(),
      run: (program, args, input) =>
        runProgram(program, args, {
          env: token.environment,
          cwd: directory,
          ...(input === undefined ? {} : { input }),
        }),
    }
  })
  afterAll(async () => {
    await current?.token.close()
    if (current !== undefined) await rm(current.directory, { recursive: true, force: true })
  })
  return () => {
    if (current === undefined) throw new Error('the token is not running')
    return current
  }
}
