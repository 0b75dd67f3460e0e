// Asks the page's own function every case and holds the answers against those expected, byte for byte.
// Usage: compare.mjs chrome|firefox PAGE CASES
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { openPage } from './browser.mjs'

const [name, file, cases] = process.argv.slice(2)
const { browser, page, requests, faults } = await openPage(name, file)

/** Runs in the page. */
const answerAll = (questions) => {
  const revive = (value) => {
    if (Array.isArray(value)) return value.map(revive)
    if (typeof value !== 'object' || value === null) return value
    if (typeof value.base64 === 'string') return Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]))
  }
  return JSON.stringify(
    questions.map((question) => {
      const { json, text, base64 } = globalThis.hsmEnrollCheck(revive(question))
      return { json, text, base64 }
    }),
  )
}

let count = 0
let different = 0
const started = Date.now()
let batch = []
async function flush() {
  const asked = batch
  batch = []
  const answers = JSON.parse(
    await page.evaluate(
      answerAll,
      asked.map(({ question }) => question),
    ),
  )
  for (const [index, { name: what, expected }] of asked.entries()) {
    count++
    const got = answers[index]
    const wrong = ['json', 'text', 'base64'].filter((member) => got[member] !== expected[member])
    if (wrong.length === 0) continue
    different++
    if (different > 5) continue
    console.log(`DIFFERENT ${what}: ${wrong.join(', ')}`)
    for (const member of wrong) {
      const [theirs, ours] = [String(expected[member]), String(got[member])]
      const at = [...theirs].findIndex((character, place) => character !== ours[place])
      console.log(
        `  expected …${theirs.slice(Math.max(0, at - 60), at + 120)}\n  got      …${ours.slice(Math.max(0, at - 60), at + 120)}`,
      )
    }
  }
}
for await (const line of createInterface({ input: createReadStream(cases) })) {
  batch.push(JSON.parse(line))
  if (batch.length === 100) await flush()
}
if (batch.length > 0) await flush()
const elsewhere = requests.filter((address) => !/^(file|data):/.test(address))

await browser.close()
console.log(
  `${name}: ${count} cases, ${different} different; ${elsewhere.length} requests left the page, ${faults.length} faults; ${((Date.now() - started) / 1000).toFixed(0)} s`,
)
process.exitCode = count > 0 && different === 0 && elsewhere.length === 0 && faults.length === 0 ? 0 : 1
