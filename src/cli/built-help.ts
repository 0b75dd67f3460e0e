/**
 * A table of help that the build wrote, as JSON; undefined where there is none. The built-in is asked for by name: an `import` of
 * `node:fs` sets up the readers and streams of Node.js, which takes longer than all else that answers `--help`.
 */
export function readBuiltHelp(file: string): string | undefined {
  try {
    return process.getBuiltinModule('node:fs').readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
