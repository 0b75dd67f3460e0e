import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../enrollment/built-program.ts'
import { allHere } from '../not-run.ts'
import { commandNames } from './published-schemas.ts'

/** What other programs make of the manual page and the completion scripts. */
const ROOT = resolve(import.meta.dirname, '../..')
const missing = (...programs: string[]): readonly string[] =>
  programs.filter((program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shells-'))
  const program = join(folder, 'hsm-enroll')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'dist/cli/main.js')}' "$@"\n`)
  chmodSync(program, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true }))

const inShell = (shell: string, args: readonly string[], script: string): string =>
  execFileSync(shell, [...args, '-c', script], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder, SHELL: '/bin/sh', LC_ALL: 'C.UTF-8' },
  })

describe.runIf(allHere(missing('man')))('the manual page', () => {
  const page = (): string =>
    execFileSync('man', ['--warnings', '-l', join(ROOT, 'dist/hsm-enroll.1')], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '200', MANPAGER: 'cat' },
    })

  it('is formatted without a warning, and has every command', () => {
    const end = spawnSync('man', ['--warnings', '-l', join(ROOT, 'dist/hsm-enroll.1')], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', MANPAGER: 'cat' },
    })
    expect(end.status, end.stderr).toBe(0)
    expect(end.stderr).toBe('')
    const text = page()
    for (const name of commandNames.filter((each) => each !== 'completion'))
      expect(text, name).toMatch(new RegExp(`^ {3}${name}( |$)`, 'm'))
    expect(text).toContain('--try-pin-again')
    expect(text).toContain('EXIT STATUS')
  })

  it('has nothing that the formatter would take for a request of its own', () => {
    const source = readFileSync(join(ROOT, 'dist/hsm-enroll.1'), 'utf8')
    const requests = new Set(source.match(/^[.'][A-Za-z]*/gm))
    expect([...requests].sort()).toEqual(['.B', '.I', '.PP', '.RE', '.RS', '.SH', '.SS', '.TH', '.TP', '.fi', '.nf'])
  })
})

describe('completion', () => {
  it.runIf(allHere(missing('bash')))('in bash completes commands, their commands and options', () => {
    const complete = (...words: string[]): readonly string[] =>
      inShell(
        'bash',
        ['--norc'],
        `eval "$(hsm-enroll completion bash)"
COMP_WORDS=(hsm-enroll ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
$(complete -p hsm-enroll | grep -o '_[^ ]*completions'); printf '%s\\n' "\${COMPREPLY[@]}"`,
      ).split('\n')
    expect(complete('ren')).toContain('renew')
    expect(complete('runs', 're')).toEqual(expect.arrayContaining(['resume', 'retire', 'resolve']))
    expect(complete('renew', '--be')).toContain('--before')
  })

  it.runIf(allHere(missing('zsh')))('in zsh does the same, with what each means', () => {
    const complete = (...words: string[]): string =>
      inShell(
        'zsh',
        ['-f'],
        `autoload -Uz compinit && compinit -u -D
eval "$(hsm-enroll completion zsh)"
[[ -n $_comps[hsm-enroll] ]] || exit 1
_describe() { print -l -- $\{(P)2} }
export SHELL=zsh; words=(hsm-enroll ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length + 1}
$_comps[hsm-enroll]`,
      )
    expect(complete('')).toMatch(/^renew:renew the key of a profile/m)
    expect(complete('runs', '')).toMatch(/^resume:continue a run/m)
  })

  it.runIf(allHere(missing('fish')))('in fish does the same', () => {
    const complete = (line: string): string =>
      inShell('fish', ['--no-config'], `hsm-enroll completion fish | source; complete -C '${line}'`)
    expect(complete('hsm-enroll ren')).toMatch(/^renew/m)
    expect(complete('hsm-enroll runs re')).toMatch(/^resume/m)
    expect(complete('hsm-enroll renew --be')).toMatch(/^--before/m)
  })

  it('refuses a shell that it has no script for', async () => {
    const end = await runProgram(['completion', 'tcsh'])
    expect(end.code).toBe(2)
    expect(end.stderr).toContain('bash, zsh, fish')
  })
})
