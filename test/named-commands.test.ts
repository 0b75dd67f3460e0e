import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NAMED_COMMANDS, namedIn } from './named-commands.ts'
import { commandLinesIn, HELP, shows } from './named-options.ts'
import { allHere } from './not-run.ts'
import { installed } from './piv-card/installed.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** What a user reads: pages, and the strings of the program. */
const texts: readonly string[] = ['README.md', 'docs', 'src', 'devices'].flatMap((place) =>
  place.endsWith('.md')
    ? [place]
    : readdirSync(join(ROOT, place), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.(md|ts)$/.test(file) && !file.endsWith('.test.ts'))
        .map((file) => join(place, file)),
)

/** `piv certificates export f9` begins with the command that the table has. */
const isListed = ({ program, command }: { readonly program: string; readonly command: string }): boolean =>
  NAMED_COMMANDS.some(
    (known) => known.program === program && (command === known.command || command.startsWith(`${known.command} `)),
  )

describe('commands of other programs', () => {
  it('that a page, a remedy or a help text names are in the table, with a source', () => {
    const unknown = texts.flatMap((file) =>
      namedIn(readFileSync(join(ROOT, file), 'utf8'))
        .filter((named) => !isListed(named))
        .map(({ program, command }) => `${file}: ${program} ${command}`),
    )
    expect(unknown).toEqual([])
  })

  it('in the table are named somewhere', () => {
    const all = texts.flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8').replace(/\s+/g, ' ')
      return NAMED_COMMANDS.filter(({ program, command }) =>
        new RegExp(`${program} (-a )?${command}(?![\\w-])`).test(text),
      )
    })
    expect(NAMED_COMMANDS.filter((known) => !all.includes(known))).toEqual([])
  })

  it('that never existed are seen', () => {
    expect(namedIn('log in with `ykman piv access verify-pin`').every(isListed)).toBe(false)
    expect(namedIn('log in with `ykman piv access change-pin --pin 1`').every(isListed)).toBe(true)
  })

  it('have the options that are shown with them', () => {
    const lines = texts.flatMap((file) =>
      commandLinesIn(readFileSync(join(ROOT, file), 'utf8')).map((line) => ({ file, ...line })),
    )
    const programs = Object.keys(HELP)
    expect(programs.filter((name) => !lines.some(({ program }) => program === name))).toEqual([])
    const missing = programs.filter((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).error !== undefined)
    allHere(missing)
    const helps = new Map<string, string>()
    const helpOf = (program: string, args: readonly string[]): string => {
      const key = [program, ...args].join(' ')
      const known = helps.get(key)
      if (known !== undefined) return known
      const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input: '' })
      helps.set(key, stdout + stderr)
      return stdout + stderr
    }
    const unknown = lines
      .filter(({ program, options }) => options.length > 0 && !missing.includes(program))
      .flatMap(({ file, program, words, options }) => {
        const help = helpOf(program, HELP[program]?.(words) ?? [])
        return options
          .filter((option) => !shows(help, option))
          .map((option) => `${file}: ${program} ${words.join(' ')} ${option}`)
      })
    expect(unknown).toEqual([])
    expect(shows('-Y sign  -n namespace', '-Z')).toBe(false)
  })

  it.runIf(installed('yubico-piv-tool', 'yubikey-manager'))('exist in the programs of Debian 12', () => {
    const help = (program: string, ...args: readonly string[]): string => {
      const { status, stdout } = spawnSync(program, [...args, '--help'], { encoding: 'utf8' })
      expect({ args, status }).toEqual({ args, status: 0 })
      return stdout
    }
    const actions = help('yubico-piv-tool')
    for (const { program, command, debian } of NAMED_COMMANDS) {
      if (debian === undefined) continue
      if (program === 'ykman') help(program, ...command.split(' '))
      else expect(actions).toContain(`"${command}"`)
    }
  })
})
