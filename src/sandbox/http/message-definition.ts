/** A published API's messages as tables, so that a double refuses what the real service would, field by field. */
export type FieldType =
  | 'string'
  | 'number'
  | 'boolean'
  /** Standard base64. */
  | 'bytes'
  /** Decimal text: proto3 writes 64-bit integers so. */
  | 'int64'
  | 'uuid'
  /** Any JSON. */
  | 'any'
  /** Text to text. */
  | 'map'
  | { readonly oneOf: readonly string[] }
  /** An enumeration of proto3: its names and numbers. Readers of JSON take either. */
  | { readonly enumeration: Readonly<Record<string, number>> }
  | { readonly list: FieldType }
  | MessageDefinition

export interface Field {
  readonly type: FieldType
  readonly required?: boolean
}

export interface MessageDefinition {
  readonly name: string
  readonly fields: Readonly<Record<string, Field>>
  /** Groups of fields of which exactly one must be there. */
  readonly exactlyOne?: readonly (readonly string[])[]
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const INT64 = /^-?\d{1,19}$/

/** What is wrong with `value`, one line each; nothing where it is right. */
export function violations(value: unknown, type: FieldType, path: string): readonly string[] {
  if (typeof type === 'string') return fits(value, type) ? [] : [`${path} is not ${type}`]
  if ('oneOf' in type)
    return type.oneOf.some((it) => it === value) ? [] : [`${path} is none of ${type.oneOf.join(', ')}`]
  if ('enumeration' in type) {
    const { enumeration } = type
    const known =
      typeof value === 'string' ? Object.hasOwn(enumeration, value) : Object.values(enumeration).includes(Number(value))
    return known ? [] : [`${path} is none of ${Object.keys(enumeration).join(', ')}`]
  }
  if ('list' in type) {
    if (!Array.isArray(value)) return [`${path} is not a list`]
    return value.flatMap((item, index) => violations(item, type.list, `${path}[${index}]`))
  }
  return messageViolations(value, type, path)
}

function messageViolations(value: unknown, message: MessageDefinition, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path} is not a ${message.name}`]
  const given = new Map(Object.entries(value).filter(([, item]) => item !== undefined))
  const found: string[] = []
  for (const [name, item] of given) {
    const field = Object.hasOwn(message.fields, name) ? message.fields[name] : undefined
    if (field === undefined) found.push(`${path} has no field ${name} (${message.name})`)
    else found.push(...violations(item, field.type, `${path}.${name}`))
  }
  for (const [name, { required }] of Object.entries(message.fields)) {
    if (required && !given.has(name)) found.push(`${path}.${name} is missing`)
  }
  for (const group of message.exactlyOne ?? []) {
    if (group.filter((name) => given.has(name)).length !== 1) found.push(`${path}: exactly one of ${group.join(', ')}`)
  }
  return found
}

function fits(value: unknown, type: Extract<FieldType, string>): boolean {
  switch (type) {
    case 'any':
      return true
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
    case 'bytes':
      return typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value
    case 'int64':
      return typeof value === 'string' && INT64.test(value)
    case 'uuid':
      return typeof value === 'string' && UUID.test(value)
    case 'map':
      return typeof value === 'object' && value !== null && Object.values(value).every((it) => typeof it === 'string')
  }
}
