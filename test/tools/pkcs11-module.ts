/**
 * One PKCS#11 module of other people through the life of keys: node dist/tools/pkcs11-module.js NAME MODULE LABEL PIN WRONG-PIN
 * [--any ALGORITHM] [--fails STEP=WORDS]... With --fails the step has to fail with these words. Prints a line of a table on stdout, and on
 * stderr what each step that failed said. Exits with 1 unless every step ended as expected.
 */
import { parseArgs } from 'node:util'
import { KEY_ALGORITHMS } from '../../devices/device.ts'
import { type ModuleUnderTest, STEPS } from './pkcs11-module-steps.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { any: { type: 'string', default: 'P-256' }, fails: { type: 'string', multiple: true, default: [] } },
})
const [name = '', path = '', label = '', pin = '', wrongPin = ''] = positionals
const anyAlgorithm = KEY_ALGORITHMS.find((each) => each === values.any)
if (anyAlgorithm === undefined) throw new Error(`--any is none of ${KEY_ALGORITHMS.join(', ')}`)
const module: ModuleUnderTest = {
  uri: `pkcs11:token=${encodeURIComponent(label)}?module-path=${path}`,
  label,
  pin,
  wrongPin,
  anyAlgorithm,
}
const expected = new Map(
  values.fails.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
)

const cells: string[] = []
let unexpected = 0
for (const [step, run] of Object.entries(STEPS)) {
  const words = expected.get(step)
  let failure: string | undefined
  try {
    await run(module)
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
  }
  const asExpected = words === undefined ? failure === undefined : (failure?.includes(words) ?? false)
  if (!asExpected) unexpected++
  cells.push(failure === undefined ? 'yes' : 'no')
  if (failure !== undefined || !asExpected)
    process.stderr.write(
      `${name}, ${step}${asExpected ? ' (as expected)' : ' UNEXPECTED'}: ${failure ?? 'succeeded'}\n`,
    )
}
console.log(`| ${[name, ...cells].join(' | ')} |`)
process.exit(unexpected === 0 ? 0 : 1)
