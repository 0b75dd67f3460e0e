import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { collectGarbage } from '../../../test/collect-garbage.ts'
import { itemsOfList } from './items.ts'

const folder = mkdtempSync(join(tmpdir(), 'items-'))
afterAll(() => rmSync(folder, { recursive: true }))

function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

describe('itemsOfList', () => {
  it('keeps nothing of the lines that it has read', async () => {
    const list = join(folder, 'list')
    const count = 60_000
    writeFileSync(list, Array.from({ length: count }, (_, index) => `attestation-${index}.pem\n`).join(''))
    let [read, before, others] = [0, 0, 0]
    for await (const { name } of itemsOfList(list, folder)) {
      if (read === 10_000) before = heapUsed()
      if (name !== `attestation-${read++}.pem`) others++
    }
    expect([read, others]).toEqual([count, 0])
    expect((heapUsed() - before) / 2 ** 20).toBeLessThan(4)
  })

  it('reads no line that would fill the memory', async () => {
    const list = join(folder, 'long')
    writeFileSync(list, `a.pem\n${'a'.repeat(300_000)}`)
    const items = itemsOfList(list, folder)
    await expect(
      (async () => {
        for await (const item of items) expect(item.name).toBe('a.pem')
      })(),
    ).rejects.toMatchObject({ code: 'input.list', message: expect.stringContaining('longer than 64 KB') })
  })

  it('says what is wrong with a list that cannot be read', async () => {
    for (const list of [join(folder, 'none'), folder])
      await expect(itemsOfList(list, folder).next()).rejects.toMatchObject({ code: 'input.unreadable' })
  })
})
