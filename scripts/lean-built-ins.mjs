// The built-ins of Node.js in the bundle, each loaded when it is first used.

/** Of Rolldown's output: what an imported built-in is called, and the line that gives it its name; in CommonJS from another chunk. */
const NAMED =
  /^var (import__node_\w+(?:\$\d+)?) = (?:\/\* @__PURE__ \*\/ (?:\w+\.)?__toESM\()?((?:\w+\.)?require__node_\w+(?:\$\d+)?\(\))(?:, 1\))?;$/gm
const requires = (name) => `process.getBuiltinModule('${name}')`

/**
 * An `import` of a built-in reads all that it exports, which sets up Web Crypto for `node:crypto`, workers for `node:util`, and a whole
 * HTTP client for `node:http`; `node:fs/promises` brings the line editor of the terminal, `node:zlib` the streams. So here each use of
 * a member asks for the built-in, and nothing before it does.
 */
export const builtIns = {
  name: 'built-ins',
  // Not what the bundler's own runtime imports: the others are read with that.
  resolveId: (id, importer = '') =>
    id.startsWith('node:') && !importer.startsWith('\0') ? `\0${id.replace('/', '|')}` : undefined,
  load: (id) => (id.startsWith('\0node:') ? `module.exports = ${requires(id.slice(1).replace('|', '/'))}` : undefined),
  renderChunk(code) {
    const names = new Map()
    const exported = /\nexport \{[^}]*\};?\s*$/.exec(code)?.[0] ?? ''
    let lean = code.replace(NAMED, (line, name, required) => {
      // What another chunk calls by this name stays.
      if (exported.includes(`${name} as `)) return line
      names.set(name, required)
      return ''
    })
    for (const [name, required] of names)
      lean = lean.replace(
        new RegExp(`\\b${name.replaceAll('$', '\\$')}(?![\\w$])(?:\\.default\\b)?`, 'g'),
        () => `(${required})`,
      )
    return { code: ofRuntime(lean), map: null }
  },
}

/** What the CommonJS packages among what is bundled still require are built-ins of Node.js, too. */
function ofRuntime(code) {
  const lean = code
    .replace(/^import \{ createRequire \} from "node:module";\n/m, '')
    .replace('createRequire(import.meta.url)', '((name) => process.getBuiltinModule(name))')
  if (/^import .* from "node:module"/m.test(lean)) throw new Error('the runtime of Rolldown requires in another way')
  return lean
}
