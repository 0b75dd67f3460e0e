// What Rolldown's output imports, with no file between: each file takes Node.js half a millisecond.

/** A chunk that only hands on what is in another one. */
const FACADE = /^export \{ ([^}]+) \} from "(\.\/[^"]+)";\s*(?:\/\/# sourceMappingURL=\S+\s*)?$/

/** A module in a chunk of many is imported from that chunk when it is asked for, not through a facade of its own. */
export const withoutFacades = {
  name: 'without-facades',
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).filter(({ type }) => type === 'chunk')
    const facades = new Map(
      chunks.flatMap((chunk) => {
        const [, names, target] = (!chunk.isEntry && FACADE.exec(chunk.code)) || []
        return names === undefined ? [] : [[`./${chunk.fileName}`, { target, members: membersOf(names) }]]
      }),
    )
    for (const chunk of chunks) {
      chunk.code = chunk.code.replace(/\bimport\("(\.[^"]+)"\)/g, (whole, file) => {
        const facade = facades.get(file)
        return facade === undefined ? whole : `import("${facade.target}").then((all) => (${facade.members}))`
      })
    }
    for (const file of facades.keys()) delete bundle[file.slice('./'.length)]
  },
}

/** `t as judgeFiles, n as other` -> `{ judgeFiles: all.t, other: all.n }` */
const membersOf = (names) =>
  `{ ${names
    .split(', ')
    .map((name) => name.split(' as '))
    .map(([inner, outer = inner]) => `${outer}: all.${inner}`)
    .join(', ')} }`
