/** `npm run test:vectors -- DIR`: every row of DIR/manifest.json as a table; exit 1 on any difference, 2 on a folder that cannot be read. */
import { runVectors } from './run-vectors.ts'

const folder = process.argv[2]
if (folder === undefined) {
  process.stderr.write('usage: npm run test:vectors -- DIR (a folder with a manifest.json)\n')
  process.exit(2)
}

const pad = (text: string, width: number): string => text.padEnd(width).slice(0, Math.max(width, text.length))

try {
  const outcomes = runVectors(folder)
  const width = Math.max(2, ...outcomes.map(({ id }) => id.length))
  process.stdout.write(`    ${pad('id', width)}  ${pad('hsmType', 14)}  ${pad('expected', 22)}  got\n`)
  for (const { id, hsmType, expected, got, differences, detail, ok } of outcomes) {
    process.stdout.write(
      `${ok ? 'ok ' : 'NO '} ${pad(id, width)}  ${pad(hsmType, 14)}  ${pad(expected, 22)}  ${got}${detail === '' ? '' : `  (${detail})`}\n`,
    )
    for (const difference of differences) process.stdout.write(`      ${difference}\n`)
  }
  const wrong = outcomes.filter(({ ok }) => !ok).length
  process.stdout.write(`\n${outcomes.length} rows, ${outcomes.length - wrong} right, ${wrong} wrong\n`)
  process.exitCode = wrong === 0 && outcomes.length > 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`Could not run the vectors: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
