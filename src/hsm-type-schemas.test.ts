import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HSM_TYPES } from './hsm-type.ts'

const FOLDER = resolve(import.meta.dirname, '../schemas')
/** A list of families as a schema spells it: any that begins with the first one. */
const FAMILIES = new RegExp(`"enum": \\["${HSM_TYPES[0]}"[^\\]]*\\]`, 'g')

describe('the schemas', () => {
  const withFamilies = readdirSync(FOLDER).filter((name) => readFileSync(join(FOLDER, name), 'utf8').match(FAMILIES))

  it('that list the families are those known', () => {
    expect(withFamilies).toEqual([
      'attestation-result.schema.json',
      'devices.schema.json',
      'explanation.schema.json',
      'trust-list.schema.json',
    ])
  })

  it.each(withFamilies)('%s lists those of HSM_TYPES (written by npm run generate)', async (name) => {
    const file = join(FOLDER, name)
    const families = `"enum": [${HSM_TYPES.map((hsmType) => `"${hsmType}"`).join(', ')}]`
    await expect(readFileSync(file, 'utf8').replace(FAMILIES, families)).toMatchFileSnapshot(file)
  })
})
