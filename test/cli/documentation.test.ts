import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { helpTable } from '../../src/cli/help-table.ts'
import { SETTINGS } from '../../src/config/settings.ts'
import { runProgram } from '../enrollment/built-program.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const pages = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'RELEASE.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true }).map((name) => `docs/${name}`),
]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(ROOT, name), 'utf8') }))

/** Code alone: in prose hsm-enroll is a name. */
const codeOf = (text: string): string => (text.match(/```[\s\S]*?```|`[^`\n]+`/g) ?? []).join('\n')

/** The program's own texts: remedies, next steps, help. A template may begin with the name in a sentence; its own backticks are escaped. */
const SENTENCE = /^`hsm-enroll (?:can|device log|does|has|is|was)\b/
const sources = ['src', 'devices'].flatMap((room) =>
  readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => ({ name: `${room}/${name}`, text: readFileSync(join(ROOT, room, name), 'utf8') }))
    .map(({ name, text }) => {
      const found = text.match(/\\?`hsm-enroll [^`\n\\]+/g) ?? []
      return { name, code: found.filter((each) => !SENTENCE.test(each)).join('\n') }
    }),
)

/** `hsm-enroll runs resume RUN --wait` as it stands in code, without what follows it. */
const mentions = [...pages.map(({ name, text }) => ({ name, code: codeOf(text) })), ...sources].flatMap(
  ({ name, code }) =>
    [...code.matchAll(/hsm-enroll ((?:[a-z][a-z-]+ ?)+)([^`#\n|)]*)/g)].map(([, words = '', rest = '']) => ({
      name,
      words: words.trim().split(' '),
      options: [...rest.matchAll(/--[a-z-]+/g)].map(([option]) => option),
    })),
)

describe('what the documentation says of the program', () => {
  it('every command and option exists', async () => {
    // What the build keeps for `--help`; that the program prints it is shown elsewhere (help.test.ts).
    const helps: Readonly<Record<string, string>> = { completion: '', ...(await helpTable(100)) }
    const groups = new Set(Object.keys(helps).flatMap((topic) => (topic.includes(' ') ? topic.split(' ', 1) : [])))
    const unknown = mentions.flatMap(({ name, words, options }) => {
      const [command = '', second = ''] = words
      const help = helps[groups.has(command) && second !== '' ? `${command} ${second}` : command]
      if (help === undefined) return [`${name}: hsm-enroll ${words.join(' ')}`]
      return options.filter((option) => !help.includes(option)).map((option) => `${name}: ${words.join(' ')} ${option}`)
    })
    expect(mentions.length).toBeGreaterThan(200)
    expect(unknown).toEqual([])
  })

  it('the help of `demo` and `sandbox` names every double', async () => {
    const { stderr } = await runProgram(['sandbox', '--device', 'nobody', '--no-input'])
    const [, names = ''] = /Use one of (.+)\./.exec(stderr) ?? []
    expect(names.split(', ').length).toBeGreaterThan(5)
    for (const command of ['demo', 'sandbox']) {
      const { stdout } = await runProgram([command, '--help'])
      for (const name of names.split(', ')) expect(stdout, command).toContain(name)
    }
  })

  it('every npm script exists', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const named = pages.flatMap(({ text }) =>
      [...text.matchAll(/npm run (?:--silent )?([a-z][a-z:-]*)/g)].map(([, script]) => script),
    )
    expect(named).toContain('demo')
    for (const script of named) expect(Object.keys(scripts)).toContain(script)
  })

  it('every page that is linked exists', () => {
    const missing = pages.flatMap(({ name, text }) =>
      [...text.matchAll(/\]\(([^)#]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !target.includes('://'))
        .filter((target) => !existsSync(resolve(ROOT, name, '..', target)))
        .map((target) => `${name}: ${target}`),
    )
    expect(missing).toEqual([])
  })

  it('the profile of the README passes `plan` as it stands', async () => {
    const [, profile = ''] = /```yaml\n([\s\S]*?)```/.exec(pages[0]?.text ?? '') ?? []
    const folder = mkdtempSync(join(tmpdir(), 'readme-'))
    try {
      writeFileSync(join(folder, 'signing.yaml'), profile)
      // What only the operator's host has.
      const env = {
        XDG_STATE_HOME: folder,
        HSM_ENROLL_DEVICE_SECRETS_PIN: 'env:PIN',
        HSM_ENROLL_DEVICE_SECRETS_MANAGEMENT_KEY: 'env:MANAGEMENT_KEY',
        PIN: '123456',
        MANAGEMENT_KEY: '0123456789abcdef'.repeat(3),
        SECTIGO_LOGIN: 'x',
        SECTIGO_PASSWORD: 'x',
      }
      const end = await runProgram(['plan', join(folder, 'signing.yaml')], { env })
      expect(end.stdout).not.toMatch(/^blocker/m)
      // What slot 9c means for batches is said to everybody who has not chosen yet, and nothing else.
      const warnings = end.stdout.match(/^warning .*$/gm)
      expect(warnings).toEqual([expect.stringContaining('asks for the PIN before every signature')])
      expect(end.code, end.stderr).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('every profile of a device’s page is read', async () => {
    const known = new Set(SETTINGS.map(({ path }) => path))
    const blocks = pages
      .filter(({ name }) => name.startsWith('docs/devices/'))
      .flatMap(({ name, text }) =>
        [...text.matchAll(/```yaml\n(device:[\s\S]*?)```/g)].map(([, yaml = '']) => ({ name, yaml })),
      )
    expect(blocks).toHaveLength(6)
    for (const { name, yaml } of blocks) {
      for (const [, secret] of yaml.matchAll(/^ {4}([a-z-]+):/gm))
        expect(known, name).toContain(`device.secrets.${secret}`)
    }
  })
})
