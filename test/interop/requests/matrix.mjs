// What the readers said of the faulty requests, as a table, beside what `hsm-enroll inspect` says of them. Fails if a request is
// warned of that nobody refuses, if one is refused that is not warned of, or if anybody accepts a wrong signature.
//   node test/interop/requests/matrix.mjs FOLDER
import { execFileSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'

const PROGRAM = resolve(import.meta.dirname, '../../../dist/cli/main.js')
const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: node matrix.mjs FOLDER')

/** Does the program warn of the request, or say that its signature is wrong? */
function warnsOf(file) {
  const { problems, says } = JSON.parse(execFileSync(process.execPath, [PROGRAM, 'inspect', file, '--json']))
  return (
    problems.some(({ id }) => id === 'policy.request.form') || says.some((text) => text.includes('does NOT verify'))
  )
}

/** Reader → names of the faulty requests that it refuses. */
const refusals = new Map()
for (const reader of (await readdir(join(folder, 'verdicts'))).sort()) {
  const lines = (await readFile(join(folder, 'verdicts', reader), 'utf8')).split('\n').map((line) => line.split('\t'))
  const refused = lines.filter(([verdict, file]) => verdict === 'refused' && file.includes('/faulty/'))
  refusals.set(reader, new Set(refused.map(([, file]) => basename(file, '.pem'))))
}
const readers = [...refusals.keys()]
const faults = (await readdir(join(folder, 'faulty'))).map((file) => basename(file, '.pem')).sort()

const wrong = []
const row = (cells) =>
  console.log(
    cells
      .map((cell, at) => cell.padEnd(at === 0 ? 24 : 14))
      .join('')
      .trimEnd(),
  )
row(['refused', ...readers, 'hsm-enroll'])
for (const fault of faults) {
  const refusing = readers.filter((reader) => refusals.get(reader).has(fault))
  const warned = warnsOf(join(folder, 'faulty', `${fault}.pem`))
  row([fault, ...readers.map((reader) => (refusing.includes(reader) ? 'refuses' : '-')), warned ? 'warns' : '-'])
  if (warned !== refusing.length > 0)
    wrong.push(`${fault}: refused by ${refusing.join(', ') || 'nobody'}, warned of: ${warned}`)
  if (fault === 'wrong-signature' && refusing.length < readers.length) wrong.push(`${fault}: not refused by all`)
}
for (const file of await readdir(join(folder, 'good'))) {
  if (warnsOf(join(folder, 'good', file))) wrong.push(`${file}: warned of, although everybody reads it`)
}
for (const line of wrong) console.error(line)
process.exitCode = wrong.length === 0 ? 0 : 1
