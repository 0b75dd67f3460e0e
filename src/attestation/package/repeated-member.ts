/** Strings with the colon behind those that are names, and what opens and closes objects and lists. */
const TOKENS = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/g

/**
 * The name of a member that stands twice in one object of a JSON text, escapes resolved; undefined where none does. JSON.parse keeps
 * the last of the two, another reader may keep the first and judge other evidence than we do. The text must be one that JSON.parse reads.
 */
export function repeatedMember(json: string): string | undefined {
  const open: (Set<unknown> | undefined)[] = []
  for (const [token, text, colon] of json.matchAll(TOKENS)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (text !== undefined && colon !== undefined) {
      const name: unknown = JSON.parse(text)
      const names = open.at(-1)
      if (names?.has(name)) return String(name)
      names?.add(name)
    }
  }
  return undefined
}
