import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newRunId } from '../../src/enrollment/run-id.ts'

interface Entry {
  readonly seq: number
  readonly time: string
  readonly event: unknown
}

const DAY = 86_400_000

/**
 * Fills a state folder with copies of one run: the events of its `journal` (text), in chains of their own, each with a profile, a key and
 * an order of its own. Without artefacts.
 */
export function fillStateFolder(state: string, journal: string, count: number): void {
  const entries = journal
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry)
  const spki = found(journal, /(?<="spkiSha256":")[0-9a-f]{64}/)
  const order = found(journal, /(?<="orderNumber":")\d+/)
  const profile = found(journal, /(?<="profile":")[^"]+/)
  const id = found(journal, /(?<="keyLabel":"hsm-enroll-)[\w-]+/)
  for (let number = 0; number < count; number++) {
    const run = newRunId(Date.parse('2026-01-01') + (number % 300) * DAY)
    const key = randomBytes(32).toString('hex')
    const own = (event: unknown): unknown =>
      JSON.parse(
        JSON.stringify(event)
          .replaceAll(spki, key)
          .replaceAll(`"${order}"`, `"${100_000_000 + number}"`)
          .replaceAll(profile, `/etc/hsm-enroll/profiles/document-${number}.yaml`)
          .replace(/"(file|content) [^"]+"/g, `"$1 ${number}"`)
          .replaceAll(id, run),
      )
    let previous = '0'.repeat(64)
    let text = ''
    for (const { seq, time, event } of entries) {
      const unsigned = { seq, time, event: own(event), previous }
      previous = createHash('sha256').update(JSON.stringify(unsigned)).digest('hex')
      text += `${JSON.stringify({ ...unsigned, hash: previous })}\n`
    }
    mkdirSync(join(state, 'runs', run), { recursive: true, mode: 0o700 })
    writeFileSync(join(state, 'runs', run, 'journal.jsonl'), text, { mode: 0o600 })
  }
}

function found(journal: string, pattern: RegExp): string {
  const [text] = pattern.exec(journal) ?? []
  if (text === undefined) throw new Error(`the journal has nothing like ${pattern}`)
  return text
}
