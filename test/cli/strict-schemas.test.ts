import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, it } from 'vitest'

const FOLDER = resolve(import.meta.dirname, '../../schemas')
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
const read = (name: string): object => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))

it.each(names)('%s compiles in Ajv’s strict mode without a word', (name) => {
  const said: unknown[] = []
  const say = (...words: unknown[]): void => void said.push(...words)
  const ajv = new Ajv2020({ strict: true, logger: { log: say, warn: say, error: say } })
  addFormats.default(ajv)
  for (const other of names.filter((each) => each !== name)) ajv.addSchema(read(other))
  ajv.compile(read(name))
  expect(said).toEqual([])
})

it('all compile together, each under an absolute $id that a reference to it repeats', () => {
  const ajv = new Ajv2020({ strict: true })
  addFormats.default(ajv)
  const ids = names.map((name) => (read(name) as { readonly $id: string }).$id)
  expect(ids).toEqual(names.map((name) => `urn:hsm-enroll:schema:${name.replace('.schema.json', '')}`))
  for (const name of names) ajv.addSchema(read(name))
  for (const id of ids) expect(ajv.getSchema(id), id).toBeTypeOf('function')
})
