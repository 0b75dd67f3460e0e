import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Command, CommandGroup } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SCHEMAS = join(ROOT, 'schemas')

export const schemas: ReadonlyMap<string, object> = new Map(
  readdirSync(SCHEMAS).map((file) => [file, JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')) as object]),
)

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: true })
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
ajv.addFormat('date', /^\d{4}-\d\d-\d\d$/)
for (const [file, schema] of schemas) ajv.addSchema(schema, file)

export function validatorOf(name: string): ValidateFunction {
  const validate = ajv.getSchema(`${name}.schema.json`)
  if (validate === undefined) throw new Error(`no schema ${name}`)
  return validate
}

/** What docs/json.md says of a command: the schemas of what it prints, and whether that is JSON Lines. */
export interface DocumentedForm {
  readonly schemas: readonly string[]
  readonly lines: boolean
}

/** The table of docs/json.md. */
export const documented: ReadonlyMap<string, DocumentedForm> = new Map(
  [...readFileSync(join(ROOT, 'docs/json.md'), 'utf8').matchAll(/^\| `([a-z -]+)` \| (.*) \|$/gm)].map(
    ([, command = '', prints = '']) => [
      command,
      {
        schemas: [...prints.matchAll(/\.\.\/schemas\/([a-z-]+)\.schema\.json/g)].map(([, name = '']) => name),
        lines: prints.startsWith('JSON Lines'),
      },
    ],
  ),
)

const wordOf = ({ command }: Command): string => command.split(' ')[0] ?? ''

/** Every command that the program itself knows, `completion` of its parser beside them. */
export const commandNames: readonly string[] = [
  ...COMMANDS.flatMap((entry: Command | CommandGroup) =>
    'commands' in entry ? entry.commands.map((command) => `${entry.name} ${wordOf(command)}`) : [wordOf(entry)],
  ),
  'completion',
]
