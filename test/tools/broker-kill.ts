/**
 * `npm run kill-test:broker`: kills the built broker at every moment between the receipt of a request and the answer at which something
 * outside it changes, starts another over the same ledger, and asks again. Each time it is asked for two orders, one right after the other:
 * the second goes by the balance that was read for the first. One order for a key, never two; what nobody knows is told.
 * `--every N` (1) takes each N-th moment, `--json`.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { keyOf } from '../../src/broker/judge-request.ts'
import type { OrderRequest } from '../../src/broker-client/messages.ts'
import { BrokerKit, newIdentity, type Reply } from '../broker/broker-kit.ts'

const { values } = parseArgs({
  options: { every: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } },
})
const ROOT = resolve(import.meta.dirname, '../..')
const STATE = 'killed-state'

// Doubles carry one serial number: this one is locked apart from those of other programs.
process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = mkdtempSync(join(tmpdir(), 'locks-'))
const kit = await BrokerKit.start()
const web = newIdentity()
const hosts = `hosts:\n  - { name: web1, pins: ['${web.pin}'], expect: { serials: ['${kit.serial}'] } }\n`
await kit.write('k.pem', kit.server.key)
await kit.write('c.pem', kit.server.certificate)
const settings = await kit.write(
  'broker.yaml',
  `listen: 127.0.0.1:0\ncertificate: c.pem\nkey: file:${join(kit.folder, 'k.pem')}\n${hosts}`,
)
const count = join(kit.folder, 'count')

/** The built broker; `work` gets its address. Resolves once it has ended, with whether it was killed. */
async function withBroker(killAt: number, work: (url: string) => Promise<unknown>): Promise<boolean> {
  const args = ['broker', settings, '--profile', kit.rehearsal.profile, '--state-directory', join(kit.folder, STATE)]
  const preload = ['--import', join(ROOT, 'test/enrollment/kill-at-boundary.mjs')]
  const child = spawn(process.execPath, [...preload, join(ROOT, 'dist/cli/main.js'), ...args, '--json'], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: '/nonexistent',
      XDG_CONFIG_HOME: '/nonexistent',
      HSM_ENROLL_TEST_KILL_AT: String(killAt),
      HSM_ENROLL_TEST_COUNT: count,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<boolean>((done) => child.once('close', (_, signal) => done(signal === 'SIGKILL')))
  const url = await new Promise<string | undefined>((done) => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const [, found] = /"url":"([^"]+)"/.exec(text) ?? []
      if (found !== undefined) done(found)
    })
    void ended.then(() => done(undefined))
  })
  if (url !== undefined) await work(url).catch(() => undefined)
  child.kill('SIGINT')
  return ended
}

const order = async (url: string, requests: readonly OrderRequest[]): Promise<void> => {
  for (const request of requests) await kit.call(url, web, 'POST', '/v1/orders', request)
  for (const request of requests) await kit.call(url, web, 'GET', `/v1/orders/${keyOf(request).spkiSha256}`)
}
const twoRequests = async (): Promise<readonly OrderRequest[]> => [await kit.request(), await kit.request()]
const counted = async (work: (url: string) => Promise<unknown>): Promise<number> => {
  await withBroker(0, work)
  return Number(readFileSync(count, 'utf8'))
}

const idle = await counted(async () => undefined)
const requests = await twoRequests()
const busy = await counted((url) => order(url, requests))
const other = await kit.broker(hosts, STATE)
const tally: Record<string, number> = {}
const faults: string[] = []
let kills = 0
// What ends an idle broker is counted with its beginning: a few moments too many do no harm.
for (let moment = Math.max(1, idle - 8); moment <= busy + 4; moment += Number(values.every)) {
  const asked = await twoRequests()
  const before = kit.orders
  if (await withBroker(moment, (url) => order(url, asked))) kills++
  const ends: string[] = []
  for (const wanted of asked) {
    const again: Reply = await kit.call(other, web, 'POST', '/v1/orders', wanted)
    const state = String(again.body.state ?? again.body.error?.code)
    ends.push(state)
    // Asked for with a new attempt, it is the same order.
    const look = await kit.call(other, web, 'POST', '/v1/orders', { ...wanted, attempt: 'f'.repeat(64) })
    if (look.body.orderNumber !== again.body.orderNumber) faults.push(`moment ${moment}: two orders for a key`)
  }
  const placed = kit.orders - before
  const known = ends.filter((state) => state === 'ordered' || state === 'issued').length
  const unknown = ends.filter((state) => state === 'unknown').length
  const end = `${ends.join(', ')}: ${placed} order${placed === 1 ? '' : 's'}`
  tally[end] = (tally[end] ?? 0) + 1
  if (known + unknown !== ends.length || placed < known || placed > ends.length) faults.push(`moment ${moment}: ${end}`)
}
process.stdout.write(
  values.json
    ? `${JSON.stringify({ moments: busy - idle, kills, tally, faults }, null, 2)}\n`
    : `${kills} kills over ${busy - idle} moments; ${Object.entries(tally)
        .map(([end, times]) => `${end}, ${times} times`)
        .join('; ')}; ${faults.length} faults ${faults.join(' ')}\n`,
)
await kit.close()
rmSync(process.env.HSM_ENROLL_TEST_DEVICE_LOCKS, { recursive: true })
process.exitCode = faults.length === 0 ? 0 : 1
process.exit()
