import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEVICE_ERRORS } from '../devices/device-error.ts'
import { ERROR_CODES } from './error-codes.ts'
import { EXIT } from './errors.ts'

const ROOT = resolve(import.meta.dirname, '..')

const MEANING: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'Done.',
  refused: 'A check or a person refused it. Nothing was sent.',
  usage: 'The command line, the configuration or an input has to be corrected.',
  device: 'The device.',
  ca: 'The CA refused, or was not reached.',
  unknown: 'The outcome is unknown. A person must look before anything is repeated.',
  pending: 'Not issued yet, or interrupted. Resume the run later.',
  begun: 'A renewal has begun, and the CA has its order (`renew`).',
  person: 'A person must act before anything goes on (`renew`).',
  defect: 'A defect of hsm-enroll. Report it.',
}

const errorRows = Object.entries(ERROR_CODES).map(([code, { exit, when }]) => ({ code, exit: EXIT[exit], when }))
/** What the URI or the profile says of a device is configuration, whoever finds it wrong. */
const USAGE: readonly string[] = ['device.uri', 'device.settings']
const deviceRows = Object.entries(DEVICE_ERRORS).map(([code, when]) => ({
  code,
  exit: USAGE.includes(code) ? EXIT.usage : EXIT.device,
  when,
}))

const table = (rows: readonly { readonly code: string; readonly exit: number; readonly when: string }[]): string =>
  [
    '| code | exit | when |',
    '|---|---|---|',
    ...rows.map(({ code, exit, when }) => `| \`${code}\` | ${exit} | ${when} |`),
  ].join('\n')

const page = `# Errors

Every error has a stable code, one line of cause and one line of remedy; with \`--json\` it is printed as
[error](../schemas/error.schema.json). Compare the code, never the words: a code keeps its meaning.
In the library it is \`EnrollError.code\` or \`DeviceError.code\`.

This page is generated from the tables in \`src/error-codes.ts\` and \`devices/device-error.ts\`
(\`npm run generate\`).

## Exit codes

| exit | meaning |
|---|---|
${Object.entries(EXIT)
  .map(([name, code]) => `| ${code} | ${MEANING[name as keyof typeof EXIT]} |`)
  .join('\n')}

## Of configuration, input, runs and the CA

${table(errorRows)}

## Of devices

${table(deviceRows)}

## Of the process itself

${table([
  {
    code: 'disk',
    exit: EXIT.usage,
    when: 'A file cannot be written or read: no room, no permission, a folder in the way.',
  },
  {
    code: 'program.replaced',
    exit: EXIT.defect,
    when: 'A file of hsm-enroll is missing: it was upgraded or removed while a command ran. An agent or a broker ends, and has to be started again.',
  },
  { code: 'defect', exit: EXIT.defect, when: 'Something happened that nobody foresaw.' },
])}
`

describe('the codes of errors', () => {
  it('are the page docs/errors.md (written by npm run generate)', async () => {
    await expect(page).toMatchFileSnapshot(join(ROOT, 'docs/errors.md'))
  })

  it('are in order, each with a sentence of its own', () => {
    const codes = Object.keys(ERROR_CODES)
    expect(codes).toEqual([...codes].sort())
    const sentences = [...errorRows, ...deviceRows].map(({ when }) => when)
    expect(new Set(sentences).size).toBe(sentences.length)
    for (const when of sentences) expect(when).toMatch(/^[A-Z`].*\.$/)
  })

  it('are all thrown somewhere', () => {
    const sources = ['src', 'devices'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true })
        .map((name) => join(ROOT, folder, String(name)))
        .filter((name) => /(?<!\.test)\.ts$/.test(name) && !/error-codes\.ts$|device-error\.ts$/.test(name)),
    )
    const text = sources.map((file) => readFileSync(file, 'utf8')).join('\n')
    const built = (code: string): boolean =>
      (code.startsWith('config.') && text.includes(`'${code.slice(7)}'`)) || code.startsWith('usage.')
    const unused = [...Object.keys(ERROR_CODES), ...Object.keys(DEVICE_ERRORS)].filter(
      (code) => !text.includes(`'${code}'`) && !built(code),
    )
    expect(unused).toEqual([])
  })

  it('decide the exit code: no other number is written', () => {
    const numbers = readdirSync(join(ROOT, 'src'), { recursive: true })
      .map(String)
      .filter((name) => /(?<!\.test)\.ts$/.test(name))
      .flatMap(
        (name) =>
          readFileSync(join(ROOT, 'src', name), 'utf8').match(/\bexitCode: \d|process\.exit(?:Code = |\()\d/g) ?? [],
      )
    expect(numbers).toEqual([])
  })
})
