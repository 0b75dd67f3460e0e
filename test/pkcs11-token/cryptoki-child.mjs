// Runs a list of PKCS#11 calls through a real module and prints what each gave. Started by cryptoki-program.ts.
// Input (stdin): JSON array of { call, args, save? }. In args, { hex } is a buffer and "$name" an earlier result.
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'

const require = createRequire(import.meta.url)
const { PKCS11 } = require('pkcs11js')

const [modulePath, ready] = process.argv.slice(2)
const steps = JSON.parse(await text(process.stdin))
const saved = new Map()

function revive(value) {
  if (typeof value === 'string' && value.startsWith('$')) {
    const [name, field] = value.slice(1).split('.')
    const found = saved.get(name)
    return field === undefined ? found : found[field]
  }
  if (Array.isArray(value)) return value.map(revive)
  if (value !== null && typeof value === 'object') {
    if ('hex' in value) return Buffer.from(value.hex, 'hex')
    if ('room' in value) return Buffer.alloc(value.room)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]))
  }
  return value
}

function show(value) {
  if (typeof value === 'bigint') return Number(value)
  if (Buffer.isBuffer(value)) return { hex: value.toString('hex') }
  if (Array.isArray(value)) return value.map(show)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, show(inner)]))
  }
  return value
}

const library = new PKCS11()
library.load(modulePath)
const results = []
for (const { call, args = [], save } of steps) {
  try {
    const value = await library[call](...revive(args))
    if (save !== undefined) saved.set(save, value)
    results.push({ value: show(value) ?? null })
  } catch (error) {
    // Some calls of pkcs11js tell the code in the message alone: "CKR_ATTRIBUTE_READ_ONLY:16".
    const code = error.code ?? /^CKR_\w+:(\d+)$/.exec(error.message)?.[1]
    results.push(code === undefined ? { failure: String(error) } : { returnValue: Number(code) })
  }
  if (ready !== undefined) process.stderr.write(`${call}\n`)
}
process.stdout.write(JSON.stringify(results))
