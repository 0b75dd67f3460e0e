import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MaintainerKey, signedKnowledge } from '../../test/signed-knowledge.ts'
import { builtInKnowledge } from '../knowledge/built-in-knowledge.ts'
import type { Knowledge } from '../knowledge/knowledge.ts'
import { verifyMinisign } from '../knowledge/minisign.ts'
import { PINNED_KNOWLEDGE_KEYS } from '../knowledge/pinned-keys.ts'
import { readKnowledge, writeKnowledge } from '../knowledge/read-knowledge.ts'
import { knowledgeInForce, updateKnowledge } from './knowledge-in-force.ts'

const NOW = Date.parse('2026-12-24')
const key = new MaintainerKey()
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'knowledge-'))
})
afterEach(() => rm(folder, { recursive: true }))

const settings = (...keys: readonly string[]) => ({
  text: (path: string) => (path === 'stateDirectory' ? folder : undefined),
  required: () => folder,
  list: (path: string) => (path === 'knowledgeKeys' ? keys : []),
})
const tables = (change: Partial<Knowledge>): Knowledge => ({ ...builtInKnowledge(), issued: '2026-12-01', ...change })
const update = async (change: Partial<Knowledge>, signer = key, pinned = [key.publicKey]): Promise<Knowledge> => {
  const { file } = await signedKnowledge(join(folder, 'data.json'), tables(change), signer)
  return updateKnowledge(file, settings(...pinned), NOW)
}

describe('an update of the tables', () => {
  it('is in force once taken in, verified again at every use', async () => {
    expect(await knowledgeInForce(settings())).toBe(builtInKnowledge())
    await update({ serial: 2, advisories: [] })
    expect(await knowledgeInForce(settings(key.publicKey))).toEqual(
      tables({ serial: 2, advisories: [], origin: 'update' }),
    )
    await expect(knowledgeInForce(settings(new MaintainerKey().publicKey))).rejects.toMatchObject({
      code: 'knowledge.unreadable',
    })
    const stored = join(folder, 'knowledge-update.json')
    await writeFile(stored, (await readFile(stored, 'utf8')).replace('2026-12-01', '2026-12-02'))
    await expect(knowledgeInForce(settings(key.publicKey))).rejects.toMatchObject({ code: 'knowledge.unreadable' })
    await writeFile(stored, '')
    await expect(knowledgeInForce(settings(key.publicKey))).rejects.toMatchObject({ code: 'knowledge.unreadable' })
  })

  // biome-ignore format: a table
  const refused: readonly (readonly [string, Partial<Knowledge>, RegExp])[] = [
    ['the serial in force', { serial: 3 }, /serial 3, and 3 is in force/],
    ['an older serial', { serial: 2 }, /serial 2, and 3 is in force/],
    ['a newer serial with an older date', { serial: 4, issued: '2026-11-30' }, /tables of 2026-12-01 are in force/],
    ['a date that is still to come', { serial: 4, issued: '2026-12-25' }, /still to come/],
  ]
  it.each(refused)('with %s is refused, and what is in force stays', async (_what, change, why) => {
    await update({ serial: 3 })
    await expect(update(change)).rejects.toMatchObject({
      code: 'knowledge.rollback',
      message: expect.stringMatching(why),
    })
    expect((await knowledgeInForce(settings(key.publicKey))).serial).toBe(3)
  })

  it('older than the built-in tables is refused, too', async () => {
    await expect(update({ serial: 1 })).rejects.toMatchObject({ code: 'knowledge.rollback' })
  })

  it('of a stranger, altered, unsigned, or without a pinned key is refused', async () => {
    const unreadable = { code: 'knowledge.unreadable' }
    await expect(update({ serial: 2 }, new MaintainerKey())).rejects.toMatchObject(unreadable)
    if (PINNED_KNOWLEDGE_KEYS.length === 0)
      await expect(update({ serial: 2 }, key, [])).rejects.toMatchObject({
        message: expect.stringContaining('no key is pinned'),
      })
    const { file } = await signedKnowledge(join(folder, 'data.json'), tables({ serial: 2 }), key)
    await writeFile(file, (await readFile(file, 'utf8')).replace('"serial": 2', '"serial": 9'))
    await expect(updateKnowledge(file, settings(key.publicKey), NOW)).rejects.toMatchObject(unreadable)
    await expect(updateKnowledge(file, settings('no key'), NOW)).rejects.toMatchObject({ code: 'config.value' })
    await rm(`${file}.minisig`)
    await expect(updateKnowledge(file, settings(key.publicKey), NOW)).rejects.toMatchObject(unreadable)
  })
})

describe('a minisign signature', () => {
  const file = Buffer.from('tables')
  it('of either form holds; altered anywhere, it does not', () => {
    for (const algorithm of ['ED', 'Ed'] as const) {
      const signature = key.sign(file, algorithm)
      expect(verifyMinisign(file, signature, [new MaintainerKey().publicKey, key.publicKey])).toMatchObject({
        trustedComment: 'timestamp:1795910400',
      })
      expect(verifyMinisign(Buffer.from('table'), signature, [key.publicKey])).toBeUndefined()
      expect(verifyMinisign(file, signature.replace('timestamp:1', 'timestamp:2'), [key.publicKey])).toBeUndefined()
      expect(verifyMinisign(file, `${signature}more`, [key.publicKey])).toBeUndefined()
      expect(verifyMinisign(file, '', [key.publicKey])).toBeUndefined()
    }
  })
})

describe('a data file', () => {
  const good = writeKnowledge(builtInKnowledge())
  const altered = (from: string, to: string): string => {
    expect(good).toContain(from)
    return good.replace(from, to)
  }

  it('of the built-in tables reads back as they are', () => {
    expect(readKnowledge(good)).toEqual({ ...builtInKnowledge(), origin: 'update' })
  })

  // biome-ignore format: a table
  const bad: readonly (readonly [string, () => string, RegExp])[] = [
    ['no JSON', () => '{', /not JSON/],
    ['a list', () => '[]', /not an object/],
    ['an unknown format', () => altered('"format": 1', '"format": 2'), /"format"/],
    ['a day that is none', () => altered('"issued": "2026-11-29"', '"issued": "2026-02-30"'), /"issued"/],
    ['an unknown member', () => altered('"basis": "certificate"', '"basis": "certificate", "x": 1'), /row 1 of "certifications": "x" is unknown/],
    ['an unknown family', () => altered('"hsmType": "YUBIKEY"', '"hsmType": "NITROKEY"'), /"hsmType"/],
    ['a version that is none', () => altered('"from": "5.4.2"', '"from": "5.x"'), /"firmware"/],
    ['a missing source', () => altered('"source"', '"sauce"'), /unknown/],
    ['no rows', () => altered('"advisories": [', '"advisories": null, "y": ['), /unknown/],
  ]
  it.each(bad)('with %s is refused', (_what, text, why) => {
    expect(() => readKnowledge(text())).toThrow(why)
  })
})
