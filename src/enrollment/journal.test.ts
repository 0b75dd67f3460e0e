import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../sha256-hex.ts'
import { Journal, type JournalEntry } from './journal.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'))
  file = join(folder, 'journal.jsonl')
})
afterEach(() => rm(folder, { recursive: true }))

const clock = (): number => Date.UTC(2026, 0, 1)
const event = (message: string) => ({ type: 'failed', code: 'x', message }) as const

const PLAN = { type: 'planned', settings: {}, test: false, device: true, keyLabel: 'l', keyId: '00' } as const

/** The plan, and after it so many entries less one. */
async function written(count: number): Promise<Journal> {
  const journal = await Journal.begin(file, clock, PLAN)
  for (let i = 1; i < count; i++) await journal.append(event(`entry ${i}`))
  return journal
}

describe('the journal', () => {
  it('comes back as it was written, chained from zeros', async () => {
    const journal = await written(3)
    const back = await Journal.open(file, clock)
    expect(back.entries).toEqual(journal.entries)
    expect(back.entries.map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(back.entries[0]?.previous).toBe('0'.repeat(64))
    expect(back.entries[2]?.previous).toBe(back.entries[1]?.hash)
  })

  it('that begins with more than its plan is the same as one to which that was appended, wherever its file goes', async () => {
    const journal = await Journal.begin(file, clock, PLAN, event('entry 1'))
    await rename(file, `${file}.moved`)
    const moved = journal.movedTo(`${file}.moved`)
    await moved.append(event('entry 2'))
    const apart = await written(3)
    expect(moved.entries).toEqual(apart.entries)
    expect((await Journal.open(moved.file, clock)).entries).toEqual(apart.entries)
  })

  it('forgets a line that a crash cut off at any byte, and goes on after it', async () => {
    await written(2)
    const whole = await readFile(file)
    const second = whole.indexOf(0x0a) + 1
    for (let cut = second + 1; cut < whole.length; cut += 7) {
      await writeFile(file, whole.subarray(0, cut))
      const journal = await Journal.open(file, clock)
      expect(journal.entries).toHaveLength(1)
      await journal.append(event('after the crash'))
      const back = await Journal.open(file, clock)
      expect(back.entries.map((entry) => (entry.event.type === 'failed' ? entry.event.message : 'plan'))).toEqual([
        'plan',
        'after the crash',
      ])
    }
  })

  it.each([
    ['a changed byte', (text: string) => text.replace('entry 1', 'entry 9')],
    ['a removed line', (text: string) => text.split('\n').slice(1).join('\n')],
    ['a doubled line', (text: string) => `${text.split('\n')[0]}\n${text}`],
    ['swapped lines', (text: string) => `${text.split('\n').slice(0, 3).reverse().join('\n')}\n`],
    ['a line that is null', (text: string) => `null\n${text}`],
    ['a line that is a number', (text: string) => `${text}7\n`],
    ['a line that is no JSON', (text: string) => text.replace(/^{/, '[')],
  ])('refuses %s and says what to do', async (_what, change) => {
    await written(3)
    await writeFile(file, change(await readFile(file, 'utf8')))
    await expect(Journal.open(file, clock)).rejects.toMatchObject({ code: 'journal.damaged', exitCode: 5 })
  })

  /** As it would be if it had been written so: the hashes are right. */
  async function forged(change: (entry: JournalEntry) => object): Promise<void> {
    let previous = '0'.repeat(64)
    const lines = (await written(3)).entries.map((entry) => {
      const { seq, time, event } = { ...entry, ...change(entry) }
      const unsigned = { seq, time, event, previous }
      previous = sha256Hex(JSON.stringify(unsigned))
      return `${JSON.stringify({ ...unsigned, hash: previous })}\n`
    })
    await writeFile(file, lines.join(''))
  }

  it.each<readonly [string, (entry: JournalEntry) => object]>([
    ['a plan without settings', ({ event }) => ({ event: { ...event, settings: undefined } })],
    ['a setting that is a number', ({ event }) => ({ event: { ...event, settings: { profile: 5 } } })],
    ['a profile that is a list', ({ event }) => ({ event: { ...event, profile: [] } })],
    ['a file that is no name', ({ event }) => ({ event: { ...event, publicKey: { file: 5, sha256: 'a' } } })],
    ['a time that is a number', () => ({ time: 5 })],
    ['a time that is none', () => ({ time: 'x' })],
    ['an event without a type', () => ({ event: {} })],
  ])('refuses %s, whose hashes are right', async (_what, change) => {
    await forged(change)
    await expect(Journal.open(file, clock)).rejects.toMatchObject({ code: 'journal.damaged' })
  })

  it('takes what a newer version has written', async () => {
    await forged(({ event, seq }) => ({
      event: seq === 1 ? { ...event, newer: 5 } : { ...event, type: 'newer', code: 5 },
    }))
    expect((await Journal.open(file, clock)).entries).toHaveLength(3)
  })

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['cut within its plan', '{"seq":1,"time"'],
    ['without a plan', '{"seq":1,"time":"t","event":{"type":"failed"},"previous":"","hash":""}\n'],
  ])('that is %s is damaged: every run begins with its plan', async (_what, content) => {
    if (content !== undefined) await writeFile(file, content)
    await expect(Journal.open(file, clock)).rejects.toMatchObject({ code: 'journal.damaged', exitCode: 5 })
    await expect(Journal.repair(file)).rejects.toMatchObject({ code: 'journal.damaged' })
  })

  it('that is repaired keeps the entries before the damage, and the damaged file beside them', async () => {
    await written(3)
    expect(await Journal.repair(file), 'of a good one nothing is kept').toBeUndefined()
    const text = (await readFile(file, 'utf8')).replace('entry 1', 'entry 9')
    await writeFile(file, text)
    const kept = await Journal.repair(file)
    expect(await readFile(kept ?? '', 'utf8')).toBe(text)
    expect((await Journal.open(file, clock)).entries.map((entry) => entry.event.type)).toEqual(['planned'])
  })

  it('never removes an entry that another process wrote', async () => {
    const first = await written(1)
    const second = await Journal.open(file, clock)
    await second.append(event('from the second'))
    await expect(first.append(event('from the first'))).rejects.toMatchObject({ code: 'journal.damaged' })
    expect((await Journal.open(file, clock)).entries).toHaveLength(2)
  })
})
