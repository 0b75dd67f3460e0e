/**
 * Enumerations in the JSON mapping of proto3: a reader takes names and numbers, a writer writes names, or numbers if it is asked to
 * (`$alt=json;enum-encoding=int`, as Google's generated clients ask over REST).
 */
import type { FieldType } from './message-definition.ts'

export type EnumerationForm = 'names' | 'numbers'

/** A copy of `value`, which fits `type`, with all of its enumerations in one form. */
export function withEnumerations(value: unknown, type: FieldType | undefined, form: EnumerationForm): unknown {
  if (type === undefined || typeof type === 'string' || 'oneOf' in type) return value
  if ('enumeration' in type) return inForm(value, type.enumeration, form)
  if ('list' in type) return Array.isArray(value) ? value.map((item) => withEnumerations(item, type.list, form)) : value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, withEnumerations(item, type.fields[name]?.type, form)]),
  )
}

function inForm(value: unknown, enumeration: Readonly<Record<string, number>>, form: EnumerationForm): unknown {
  const [name, number] = Object.entries(enumeration).find(([name, number]) => name === value || number === value) ?? []
  return (form === 'names' ? name : number) ?? value
}
