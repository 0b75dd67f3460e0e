import { describe, expect, it } from 'vitest'
import { commandNames, documented, schemas } from './published-schemas.ts'

describe('docs/json.md', () => {
  it('says of every command of the program what it prints, and of no other', () => {
    expect([...documented.keys()].sort()).toEqual([...commandNames].sort())
    for (const [command, { schemas: named }] of documented)
      expect(named.length > 0, command).toBe(command !== 'completion')
  })

  it('names every schema that is published, beside that of the profile', () => {
    const named = [...documented.values()].flatMap((form) => form.schemas)
    expect([...new Set([...named, 'error', 'event', 'profile'])].sort()).toEqual(
      [...schemas.keys()].map((file) => file.replace('.schema.json', '')).sort(),
    )
  })
})

describe('the published schemas', () => {
  it.each([...schemas])('%s says of every object whether more may stand in it', (file, schema) => {
    expect(schema).toMatchObject({
      $id: `urn:hsm-enroll:schema:${file.replace('.schema.json', '')}`,
      title: expect.any(String),
      description: expect.any(String),
    })
    expect(openObjects(schema)).toEqual([])
  })
})

/** Places that describe members of an object and do not close it; a definition is closed where it is used. */
function openObjects(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const open =
    'type' in value &&
    value.type === 'object' &&
    !('additionalProperties' in value) &&
    !('unevaluatedProperties' in value) &&
    !/^\/\$defs\/(record|explanation)$/.test(path)
  return [
    ...(open ? [path] : []),
    ...Object.entries(value).flatMap(([name, member]) => openObjects(member, `${path}/${name}`)),
  ]
}
