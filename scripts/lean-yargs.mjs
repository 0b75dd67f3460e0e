// What yargs loads only to lay out help comes when help is laid out: the segmenter and the expressions behind it take longer to set up
// than node does to start. `assert` brings the streams of the terminal with it, for two comparisons.
const LAYOUT = /^(?:cliui|string-width)$/
const SHIM = /[\\/]yargs[\\/]lib[\\/]platform-shims[\\/]esm\.mjs$/

// Required, one of them is its namespace to one bundler, and to the other what Node.js would give: the function.
const whenLaidOut = (path) => `
  export default (...args) => {
    const required = require('${path}')
    return (required.default ?? required)(...args)
  }`
const TWO_COMPARISONS = `
  const assert = () => process.getBuiltinModule('node:assert')
  export const strictEqual = (a, b, why) => Object.is(a, b) || assert().strictEqual(a, b, why)
  export const notStrictEqual = (a, b, why) => !Object.is(a, b) || assert().notStrictEqual(a, b, why)`

/** For esbuild. */
export const leanYargs = {
  name: 'lean-yargs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: LAYOUT }, ({ path, importer, resolveDir }) =>
      SHIM.test(importer) ? { path, namespace: 'when-laid-out', pluginData: resolveDir } : undefined,
    )
    onResolve({ filter: /^assert$/ }, ({ importer }) =>
      SHIM.test(importer) ? { path: 'assert', namespace: 'two-comparisons' } : undefined,
    )
    onLoad({ filter: LAYOUT, namespace: 'when-laid-out' }, ({ path, pluginData: resolveDir }) => ({
      contents: whenLaidOut(path),
      resolveDir,
    }))
    onLoad({ filter: /^assert$/, namespace: 'two-comparisons' }, () => ({ contents: TWO_COMPARISONS }))
  },
}

/** The same for Rolldown: a module of that name beside the shim. */
export const leanYargsInChunks = {
  name: 'lean-yargs',
  resolveId(path, importer = '') {
    if (SHIM.test(importer) && (LAYOUT.test(path) || path === 'assert')) return `${importer}?lean=${path}`
  },
  load(id) {
    const [, path] = /\?lean=(.*)$/.exec(id) ?? []
    if (path !== undefined) return path === 'assert' ? TWO_COMPARISONS : whenLaidOut(path)
  },
}
