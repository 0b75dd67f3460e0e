import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { HSM_TYPES, type SettingDefinition } from '../../devices/device.ts'
import { loadFamily } from '../../devices/open.ts'
import { startRehearsal } from '../sandbox/rehearsal/start-rehearsal.ts'
import { AUTO_APPLY_ORDER_DOCUMENT_SIGNING } from '../sectigo/parameters/auto-apply-order-document-signing.ts'
import { SETTINGS, type Setting } from './settings.ts'

const FILE = resolve(import.meta.dirname, '../../schemas/profile.schema.json')
/** Alternatives in place of a list of types, which Ajv's strict mode reports one by one. */
const scalars = [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }]
const scalar = { anyOf: scalars }
const texts = { anyOf: [...scalars, { type: 'array', items: scalar }] }

/** What YAML makes of a value before we read it as text: an editor sees 365 as a number. */
function valueSchema({ type, allowed, description, default: default_ }: Setting): object {
  const shape = {
    text: { type: 'string' },
    file: { type: 'string' },
    integer: { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^\\d{1,9}$' }] },
    boolean: { enum: [true, false, 'true', 'false'] },
    list: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    files: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    secret: { type: 'string', pattern: '^(prompt$|(file|fd|env|credential|exec):)' },
  }[type]
  return {
    description,
    ...shape,
    ...(allowed === undefined ? {} : { enum: allowed }),
    ...(default_ === undefined ? {} : { default: default_ }),
  }
}

interface Section {
  readonly type: 'object'
  readonly properties: Record<string, object>
  readonly additionalProperties: false
}
const section = (): Section => ({ type: 'object', properties: {}, additionalProperties: false })
const isSection = (value: object): value is Section => 'type' in value && value.type === 'object'

/** A section of a YAML file may be left empty, at every depth. */
function mayBeEmpty({ properties, ...rest }: Section): object {
  const entries = Object.entries(properties).map(([name, value]) => [
    name,
    isSection(value) ? mayBeEmpty(value) : value,
  ])
  return { anyOf: [{ type: 'null' }, { ...rest, properties: Object.fromEntries(entries) }] }
}

function familySetting({ type, description }: SettingDefinition, hsmType: string): object {
  return { description: `${hsmType}: ${description}`, ...(type === 'string[]' ? texts : scalar) }
}

/** The profile's schema, from the tables that the program itself reads profiles by. */
async function profileSchema(): Promise<object> {
  const root = section()
  const place = (path: readonly string[]): Section =>
    path.reduce((at, name) => {
      at.properties[name] ??= section()
      return at.properties[name] as Section
    }, root)
  for (const setting of SETTINGS) {
    const path = setting.path.split('.')
    place(path.slice(0, -1)).properties[path.at(-1) ?? ''] = valueSchema(setting)
  }
  for (const hsmType of HSM_TYPES)
    for (const definition of (await loadFamily(hsmType)).settings)
      place(['device']).properties[definition.name] ??= familySetting(definition, hsmType)
  const order = AUTO_APPLY_ORDER_DOCUMENT_SIGNING.parameters
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('login'))
  root.properties.order = {
    description: 'The order form by Sectigo’s own parameter names; other products have parameters of their own.',
    anyOf: [
      { type: 'null' },
      {
        type: 'object',
        properties: Object.fromEntries(order.map((name) => [name, texts])),
        additionalProperties: texts,
      },
    ],
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:hsm-enroll:schema:profile',
    title: 'Profile',
    description: 'A profile or configuration file of hsm-enroll (YAML).',
    ...mayBeEmpty(root),
  }
}

describe('the published schema of a profile', () => {
  it('says what the tables say (written by vitest run FILE -u)', async () => {
    await expect(`${JSON.stringify(await profileSchema(), null, 2)}\n`).toMatchFileSnapshot(FILE)
  })

  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(FILE, 'utf8')) as object)

  it.each(['yubihsm2', 'fortanix', 'marvell-google'])('takes the profile of a rehearsal with %s', async (device) => {
    const directory = await mkdtemp(join(tmpdir(), 'profile-schema-'))
    const rehearsal = await startRehearsal({ directory, device })
    try {
      validate(parse(readFileSync(rehearsal.profile, 'utf8')))
      expect(validate.errors).toBeNull()
    } finally {
      await rehearsal.close()
      await rm(directory, { recursive: true })
    }
  })

  it('takes the profile of the README', () => {
    const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8')
    validate(parse(/```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '- no profile'))
    expect(validate.errors).toBeNull()
  })

  it.each([
    ['a misspelt section', 'devise: {}'],
    ['a misspelt key', 'request: {subjet: CN=x}'],
    ['a misspelt setting of a family', 'device: {conector: x}'],
    ['a secret in place of its source', 'sectigo: {loginPassword: hunter2}'],
    ['a value outside the list', 'key: {algorithm: P-521}'],
    ['a list in place of a section', 'device: [x]'],
  ])('refuses %s', (_what, text) => {
    expect(validate(parse(text))).toBe(false)
  })
})
