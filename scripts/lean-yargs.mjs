// What yargs loads only to lay out help comes when help is laid out: the segmenter and the expressions behind it take longer to set up
// than node does to start. `assert` brings the streams of the terminal with it, for two comparisons.
const LAYOUT = /^(?:cliui|string-width)$/
const SHIM = /[\\/]yargs[\\/]lib[\\/]platform-shims[\\/]esm\.mjs$/

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
      contents: `export default (...args) => require('${path}').default(...args)`,
      resolveDir,
    }))
    onLoad({ filter: /^assert$/, namespace: 'two-comparisons' }, () => ({
      contents: `
        const assert = () => process.getBuiltinModule('node:assert')
        export const strictEqual = (a, b, why) => Object.is(a, b) || assert().strictEqual(a, b, why)
        export const notStrictEqual = (a, b, why) => !Object.is(a, b) || assert().notStrictEqual(a, b, why)`,
    }))
  },
}
