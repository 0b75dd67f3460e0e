import type { FieldType } from './message-definition.ts'

/** One call of a published API. */
export interface ApiCall {
  /** As the API's own SDKs call it. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/v1/{name}` with `{x}` for one segment and `{x=projects/*}` for a pattern of segments. */
  readonly path: string
  /** Query parameters that there are; any other is refused. */
  readonly query?: Readonly<Record<string, FieldType>>
  /** Absent: the call has no body. */
  readonly request?: FieldType
  /** `application/x-www-form-urlencoded`, as OAuth wants it. */
  readonly form?: boolean
  /** Absent: the reply has no body. */
  readonly reply?: FieldType
}

export interface MatchedCall {
  readonly call: ApiCall
  readonly params: Readonly<Record<string, string>>
}

/** The call that a method and a path name; undefined where the API has none. */
export function matchCall(calls: readonly ApiCall[], method: string, path: string): MatchedCall | undefined {
  for (const call of calls) {
    if (call.method !== method) continue
    const match = patternOf(call.path).exec(path)
    if (match === null) continue
    const params: Record<string, string> = {}
    for (const [name, value] of Object.entries(match.groups ?? {})) params[name] = decodeURIComponent(value)
    return { call, params }
  }
  return undefined
}

const PATTERNS = new Map<string, RegExp>()

function patternOf(path: string): RegExp {
  const known = PATTERNS.get(path)
  if (known !== undefined) return known
  const source = path
    .split(/(\{[^}]+\})/)
    .map((part) => {
      const variable = /^\{(\w+)(?:=([^}]+))?\}$/.exec(part)
      if (variable === null) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      const segments = variable[2]?.replaceAll('*', '[^/:?]+') ?? '[^/:?]+'
      return `(?<${variable[1]}>${segments})`
    })
    .join('')
  const pattern = new RegExp(`^${source}$`)
  PATTERNS.set(path, pattern)
  return pattern
}
