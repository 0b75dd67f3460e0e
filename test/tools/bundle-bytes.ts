/** `node dist/tools/bundle-bytes.js`: changes one byte of a witnessed bundle, again and again. `--count N` (10,000), `--seed N` (1). */
import { parseArgs } from 'node:util'
import { rehearseRun } from '../bundle/rehearsed-run.ts'
import { witnessedBundle } from '../bundle/witnessed-bundle.ts'
import { changeBytes } from './changed-bytes.ts'

const { values } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
})
const run = await rehearseRun()
try {
  const { damaged, rewritten, parts, faults } = await changeBytes(
    await witnessedBundle(run),
    Number(values.count),
    Number(values.seed),
  )
  for (const fault of faults) console.error(fault)
  for (const [part, count] of [...parts].sort()) console.log(`${String(count).padStart(6)}  ${part}`)
  console.log(`${damaged} archives damaged, ${rewritten} written anew: ${faults.length} not found and named by both`)
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  await run.close()
}
