import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { helpOn, topics } from '../../src/cli/help-table.ts'
import { HELP_WIDTHS, quickAnswer } from '../../src/cli/quick-answer.ts'
import { VERSION } from '../../src/version.ts'
import { runProgram } from '../enrollment/built-program.ts'

const built = (width: number): string =>
  readFileSync(resolve(import.meta.dirname, `../../dist/cli/help-${width}.json`), 'utf8')

describe('help that was laid out by the build', () => {
  it.each(HELP_WIDTHS)(
    'has every command, laid out for %i columns as yargs does it (every twelfth is compared)',
    async (width) => {
      const table: Readonly<Record<string, string>> = JSON.parse(built(width))
      expect(Object.keys(table)).toEqual(topics())
      const lines = Object.values(table).flatMap((help) => help.split('\n'))
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width)
      for (const topic of topics().filter((_, index) => index % 12 === 0))
        expect(table[topic], topic).toBe(await helpOn(topic, width))
    },
  )

  it('is printed byte for byte as the parser prints it', async () => {
    const [quick, parsed] = await Promise.all([
      runProgram(['runs', 'show', '--help']),
      runProgram(['runs', 'show', '--help', '--quiet']),
    ])
    expect(quick).toEqual({ code: 0, signal: null, stdout: parsed.stdout, stderr: '' })
    expect(parsed.stdout).toContain('hsm-enroll runs show <run>')
  })

  const answer = (line: string, columns?: number): string | undefined =>
    quickAnswer(line.split(' '), columns, (width) => JSON.stringify({ '': `all ${width}`, check: `check ${width}` }))

  it.each([
    ['--version', undefined, VERSION],
    ['--help', undefined, 'all 110'],
    ['-h', 200, 'all 110'],
    ['check --help', 110, 'check 110'],
    ['check -h', 80, 'check 80'],
    ['--help check', 80, 'check 80'],
  ])('answers "%s" in a terminal of %s columns', (line, columns, expected) => {
    expect(answer(line, columns)).toBe(expected)
  })

  it.each([
    ['--help', 100, 'a width that the build has no table for'],
    ['--help', 0, 'a terminal that does not say how wide it is'],
    ['check --help --json', 80, 'another option'],
    ['check --help --help', 80, 'help twice'],
    ['--help --version', 80, 'both'],
    ['check', 80, 'no help asked for'],
    ['chekc --help', 80, 'a command that does not exist'],
    ['constructor --help', 80, 'a name that every object has'],
    ['check --attestation --help', 80, 'an option that may want a value'],
    ['check - --help', 80, 'a dash'],
    ['check  --help', 80, 'an empty word'],
  ])('leaves "%s" (%i columns) to the parser: %s', (line, columns) => {
    expect(answer(line, columns)).toBeUndefined()
  })
})
