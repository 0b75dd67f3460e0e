// What chunks of CommonJS take and give. Rolldown's output requires all others at once, and gives by getters, which are set up at every start.

const REQUIRED = /^const (require_\w+(?:\$\d+)?) = require\(("\.\/[^"]+\.js")\);$/gm
const GETTER =
  /^Object\.defineProperty\(exports, "([\w$]+)", \{\n\tenumerable: true,\n\tget: function\(\) \{\n\t\treturn ([\w$]+);\n\t\}\n\}\);\n/gm

const quoted = (name) => name.replaceAll('$', '\\$')

/** A chunk is required when something of it is first used. Its modules only declare: when they do does not matter. */
function requiredWhenUsed(code) {
  const names = []
  const declared = code.replace(REQUIRED, (_line, name, file) => {
    names.push(name)
    return `let ${name}_loaded; const ${name} = () => ${name}_loaded ??= require(${file});`
  })
  // In parentheses for `new`; not a member of that name, but what is spread.
  return names.reduce(
    (lean, name) =>
      lean.replace(new RegExp(`(?<![\\w$]|[\\w$)\\]]\\.)${quoted(name)}(?=\\.)`, 'g'), () => `(${name}())`),
    declared,
  )
}

/** What never changes is given as it is; functions before anything runs, as a getter would, where two chunks require each other. */
function givenPlainly(code) {
  const functions = []
  const rest = code.replace(GETTER, (getter, name, inner) => {
    if (new RegExp(`^(?:async )?function\\*? ${quoted(inner)}\\(`, 'm').test(code)) {
      functions.push(`exports.${name} = ${inner};`)
      return ''
    }
    const isConstant = new RegExp(`^(?:const|var|class) ${quoted(inner)}\\b(?! *[;,])`, 'm').test(code)
    return isConstant ? `exports.${name} = ${inner};\n` : getter
  })
  return `${functions.join(' ')}${rest}`
}

/** The chunks that one imports at once, and those that these do: as ES modules, all would be there before it runs. */
function closureOf(file, bundle, found = new Set()) {
  for (const each of bundle[file].imports) {
    if (bundle[each] === undefined || found.has(each)) continue
    found.add(each)
    closureOf(each, bundle, found)
  }
  return found
}

/** Those that have one of these modules. Throws for a module that none has. */
const chunksOf = (files, bundle) =>
  new Set(
    files.map((file) => {
      const found = Object.values(bundle).find(({ modules = {} }) =>
        Object.keys(modules).some((id) => endsWith(id, file)),
      )
      if (found === undefined) throw new Error(`${file} is in no chunk`)
      return found
    }),
  )
const endsWith = (id, file) => id.replaceAll('\\', '/').endsWith(`/${file}`)

/**
 * `first`: the chunk that is loaded before all others: it begins with what they call of Rolldown's own; `entry`: only hands it on;
 * `whole`: a chunk with one of these modules loads all that it imports at once, as the files may be gone when something of them is used.
 */
export const leanChunks = ({ first, entry, whole }) => ({
  name: 'lean-chunks',
  generateBundle(_options, bundle) {
    const [runtime] = Object.keys(bundle).filter((file) => /^rolldown-runtime-.*\.js$/.test(file))
    // On one line: the source map counts them.
    const begin = givenPlainly(bundle[runtime].code)
      .replace(/^\/\/.*\n/gm, '')
      .replace(/\n\s*/g, ' ')
    bundle[first].code = `${begin}${bundle[first].code}`
    for (const file of [runtime, entry]) delete bundle[file]
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue
      chunk.code = chunk.code.replace(`require("./${runtime}")`, `require("./${first}")`)
      // A package that says which of its exports is the default means that, where it is required.
      chunk.code = chunk.code.replace(/(__toESM\(require\((?!"\.)[^()]+\)), 1\)/g, '$1)')
      if (!chunk.isEntry) chunk.code = givenPlainly(requiredWhenUsed(chunk.code))
      if (/[\u0080-\uffff]/.test(chunk.code)) throw new Error(`${chunk.fileName} is not ASCII, as it is read`)
    }
    for (const chunk of chunksOf(whole, bundle)) {
      const all = JSON.stringify([...closureOf(chunk.fileName, bundle)].map((file) => `./${file}`))
      chunk.code = chunk.code.replace(/\n(?=\/\/# sourceMappingURL=)/, `\nfor (const file of ${all}) require(file);\n`)
    }
  },
})
