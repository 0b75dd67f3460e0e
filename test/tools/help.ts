/** Writes the help on every command, for each width that it is kept for, into a folder: `node dist/tools/help.js FOLDER`. Part of the build. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { helpTable } from '../../src/cli/help-table.ts'
import { HELP_WIDTHS } from '../../src/cli/quick-answer.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('specify the folder to write to')
for (const width of HELP_WIDTHS)
  writeFileSync(join(folder, `help-${width}.json`), JSON.stringify(await helpTable(width)))
