import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The package's own folder: `docs` is in the clone and in the packed file, two or three folders above this code. */
function packageFolder(): string | undefined {
  let folder = import.meta.dirname
  for (let level = 0; level < 3; level++) {
    folder = dirname(folder)
    if (existsSync(join(folder, 'docs', 'errors.md'))) return folder
  }
  return undefined
}

/**
 * Text in which each page that it points to (`docs/….md`) has the path that it has on this machine: whoever installed hsm-enroll
 * globally has no folder `docs` beside them.
 */
export function withPathsOfPages(text: string): string {
  const folder = text.includes('docs/') ? packageFolder() : undefined
  if (folder === undefined) return text
  return text.replace(/(?<![\w/.-])docs\/[a-z0-9/-]+\.md/g, (page) =>
    existsSync(join(folder, page)) ? join(folder, page) : page,
  )
}
