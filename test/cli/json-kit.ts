import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { stringify } from 'yaml'
import type { ProgramEnd } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { documented, validatorOf } from './published-schemas.ts'

/** What a command prints with --json, held against the schema that docs/json.md names for it. */
export type Json = Readonly<Record<string, unknown>>

/** Held in a file of their own, in the order of `--help`. */
export const FLEET_COMMANDS = ['broker', 'orders pending', 'orders approve', 'orders reject', 'fleet status'] as const

/** Commands whose result was held against their schema; of earlier files of the same process, too, unless cleared. */
export const held = new Set<string>()

export function expectForm(value: unknown, schema: string): Json {
  const validate = validatorOf(schema)
  expect(validate(value), `${schema}: ${JSON.stringify(validate.errors, null, 1)}\n${JSON.stringify(value)}`).toBe(true)
  expect(validate({ ...(value as Json), nobody: true }), `${schema} takes a member that it does not name`).toBe(false)
  return value as Json
}

export const linesOf = (stdout: string): readonly unknown[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)

/** One JSON text with its line end, or JSON Lines; nothing else on stdout. */
export function valuesOf({ stdout }: ProgramEnd, lines: boolean): readonly unknown[] {
  expect(stdout.endsWith('\n')).toBe(true)
  expect(stdout.endsWith('\n\n')).toBe(false)
  return lines ? linesOf(stdout) : [JSON.parse(stdout) as unknown]
}

/** Runs a command of docs/json.md; everything that it prints has a form that stands there. */
export async function results(
  command: string,
  args: readonly string[],
  code: number,
  as?: string,
  run = runInside,
): Promise<readonly Json[]> {
  const end = await run([...command.split(' '), ...args, '--json', '--no-input'])
  expect(end.code, end.stdout + end.stderr).toBe(code)
  const { schemas: allowed = [], lines = false } = documented.get(command) ?? {}
  const schema = as ?? allowed[0] ?? ''
  expect(allowed).toContain(schema)
  held.add(command)
  return valuesOf(end, lines).map((value) => expectForm(value, schema))
}

export async function result(
  command: string,
  args: readonly string[],
  code: number,
  as?: string,
  run = runInside,
): Promise<Json> {
  const [value, ...others] = await results(command, args, code, as, run)
  expect(others).toEqual([])
  return value ?? {}
}

/** The one object of an error, which stderr tells in words. */
export async function failure(args: readonly string[], code: number): Promise<Json> {
  const end = await runInside([...args, '--json', '--no-input'])
  expect(end.code, end.stdout + end.stderr).toBe(code)
  const { error } = expectForm(JSON.parse(end.stdout), 'error') as { error: Json }
  expect(error.exitCode).toBe(code)
  expect(end.stderr).toContain(`(${error.code}, exit ${code})`)
  return error
}

/** What is used of a run that was printed. */
export interface Run {
  readonly id: string
  readonly folder: string
  readonly state: string
  readonly orderNumber: string
}

/** Writes a form or a profile and returns its path. */
export async function form(folder: string, name: string, content: Json): Promise<string> {
  const file = join(folder, `${name}.yaml`)
  await writeFile(file, stringify(content))
  return file
}
