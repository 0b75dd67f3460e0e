/** The page docs/library.md: every export, by where it is imported from. */
import type { ExportedName } from './front-door.ts'

export interface Entries {
  readonly check: readonly ExportedName[]
  readonly enroll: readonly ExportedName[]
}

const INTRODUCTION = `# The library

Two entry points. \`hsm-enroll/check\` judges evidence anywhere: pure and synchronous, without a
device, a file or a network, in a browser as well. \`hsm-enroll/enroll\` enrols. \`hsm-enroll\` exports
what both do. Each is typed; a check that throws says with which code, and the codes are listed in
[errors.md](errors.md). What stays as it is between versions: [stability.md](stability.md).

Bytes are \`Uint8Array\` (a \`Buffer\` is one), moments are milliseconds since 1970, durations are in
milliseconds unless a name says otherwise.

For TypeScript, install \`@types/node\`, and \`@types/pg\` unless \`skipLibCheck\` is set: the declarations
of a ledger in a database name types of \`pg\`.

This page is generated from the comments beside the exports (\`npm run generate\`). Its examples are
compiled by the tests; \`readFileSync\` and \`readFile\` in them are those of Node.js.
`

export function libraryPage({ check, enroll }: Entries): string {
  const inCheck = new Set(check.map(({ name }) => name))
  const inEnroll = new Set(enroll.map(({ name }) => name))
  const shared = check.filter(({ name }) => inEnroll.has(name))
  return [
    INTRODUCTION,
    section('hsm-enroll/check', without(check, inEnroll)),
    section('hsm-enroll/enroll', without(enroll, inCheck)),
    section('Both', shared),
  ].join('\n')
}

const without = (names: readonly ExportedName[], others: ReadonlySet<string>): readonly ExportedName[] =>
  names.filter(({ name }) => !others.has(name))

function section(title: string, names: readonly ExportedName[]): string {
  const sorted = [...names].sort((a, b) => (a.name < b.name ? -1 : 1))
  const types = sorted.filter(({ kind }) => kind === 'type')
  const rows = types.map(({ name, documentation }) => `| \`${name}\` | ${cell(documentation)} |`)
  return [
    `## ${title}\n`,
    ...sorted.filter(({ kind }) => kind !== 'type').map(entry),
    ...(rows.length === 0 ? [] : ['### Types\n', '| type | what it is |', '|---|---|', ...rows, '']),
  ].join('\n')
}

function entry({ name, kind, documentation, signature, tags }: ExportedName): string {
  const said = (['param', 'returns', 'throws'] as const).flatMap((tag) =>
    (tags.get(tag) ?? []).map((text) => `- **${tag}** ${flat(text)}`),
  )
  return [
    `### ${name}${kind === 'class' ? ' (class)' : ''}\n`,
    ...(signature === '' ? [] : [`\`\`\`ts\n${signature}\n\`\`\`\n`]),
    `${wrapped(flat(documentation))}\n`,
    ...(said.length === 0 ? [] : [`${said.map(wrapped).join('\n')}\n`]),
    ...(tags.get('example') ?? []).map((text) => `${text.trim()}\n`),
  ].join('\n')
}

const flat = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** A vertical bar would end the cell. */
const cell = (text: string): string => flat(text).replaceAll('|', '\\|')

/** At 100 columns. The lines of a list's entry after its first stand under its words. */
function wrapped(text: string): string {
  const indent = text.startsWith('- ') ? '  ' : ''
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && `${line} ${word}`.length > 100) {
      lines.push(line)
      line = `${indent}${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join('\n')
}
