/** Writes the manual page to a file: `node dist/tools/man.js FILE`. Part of the build. */
import { writeFileSync } from 'node:fs'
import { manPage } from '../../src/cli/man-page.ts'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('specify the file to write')
writeFileSync(file, manPage())
