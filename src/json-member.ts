/** A member of what JSON.parse gave; undefined where the value is no object, or has none of its own by that name. */
export const jsonMember = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
