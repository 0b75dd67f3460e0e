// The imports of src and devices, for the scripts that hold the house together. It reads lines as `biome format` writes them, which
// `npm run lint` makes sure of first.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const STATEMENT = /^(?:import|export)\s+(type\b)?[^;]*?\bfrom '([^']+)'|^import '([^']+)'/gm
const EXPRESSION = /(?<![.#\w])import\(\s*(?:'([^']+)'|([^)]*))/g
const UNSEEN = /\b(createRequire|getBuiltinModule)\b|(?<![.\w])require\(\s*['"`]/

/** Comments out, so that an apostrophe in one does not hide what follows. Addresses in strings lose their end, which matters to no import. */
const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g, '')

/**
 * Every file of these folders below the working folder. `statements`: imports and re-exports, `type` where they bring types alone.
 * `expressions`: `import(…)`; `other` is what stands there in place of a name. `own`: `to` is a path of this project, else a package.
 * `text`: without comments.
 */
export function readImports(folders = ['src', 'devices'], isSource = (name) => name.endsWith('.ts')) {
  const names = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, file)))
  const files = names.filter(isSource).map((file) => {
    const text = withoutComments(readFileSync(file, 'utf8'))
    const at = (to) =>
      to?.startsWith('.') ? { own: true, to: relative('.', join(dirname(file), to)) } : { own: false, to }
    return {
      file,
      text,
      isTest: file.endsWith('.test.ts'),
      statements: [...text.matchAll(STATEMENT)].map(([, type, from, bare]) => ({ type, ...at(from ?? bare) })),
      expressions: [...text.matchAll(EXPRESSION)].map(([, literal, other]) => ({ other, ...at(literal) })),
      unseen: UNSEEN.test(text),
    }
  })
  return { names, files }
}

/** Every circle of a graph (node -> the nodes that it leads to) as a path that ends where it began. */
export function circlesOf(graph) {
  const circles = []
  const done = new Set()
  const visit = (node, path) => {
    const at = path.indexOf(node)
    if (at !== -1) {
      circles.push([...path.slice(at), node])
      return
    }
    if (done.has(node)) return
    for (const next of graph.get(node) ?? []) visit(next, [...path, node])
    done.add(node)
  }
  for (const node of graph.keys()) visit(node, [])
  return circles
}
