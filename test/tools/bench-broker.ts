/**
 * `npm run bench:broker`: orders through one broker, as a ratio to the calls to the CA alone (balance and order). The rehearsal CA, which
 * answers at once, the broker and the callers share this process, so that what each costs adds up.
 * `--orders N` (1000) each way, `--beside N` (8) under way at a time.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { OrderRequest } from '../../src/broker-client/messages.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import { BrokerKit, newIdentity } from '../broker/broker-kit.ts'

const { values } = parseArgs({
  options: { orders: { type: 'string', default: '1000' }, beside: { type: 'string', default: '8' } },
})

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<number> {
  const left = [...items]
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: Number(values.beside) }, async () => {
      for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item)
    }),
  )
  return performance.now() - begun
}

// Doubles carry one serial number: this one is locked apart from those of other programs.
process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = mkdtempSync(join(tmpdir(), 'locks-'))
const kit = await BrokerKit.start({ account: { credit: '900000000.00' } })
const web = newIdentity()
const requests: OrderRequest[] = []
for (let index = 0; index < Number(values.orders) * 2; index++) requests.push(await kit.request())
const half = requests.length / 2

const configuration = await kit.brokerConfiguration('alone')
const services = createRealServices({
  stateDirectory: kit.folder,
  reading: { env: {} },
  observer: { step: () => undefined },
})
const ca = await services.certificateAuthority(configuration)
const alone = await inParallel(requests.slice(0, half), async ({ form }) => {
  await ca.balance()
  const outcome = await ca.applyOrder(form)
  if (outcome.kind !== 'ordered') throw new Error(`the CA answered ${JSON.stringify(outcome)}`)
})
const url = await kit.broker(
  `hosts:\n  - { name: web1, pins: ['${web.pin}'], expect: { serials: ['${kit.serial}'] } }\n`,
)
const before = kit.orders
const memory = process.memoryUsage.rss()
const brokered = await inParallel(requests.slice(half), async (request) => {
  const { body } = await kit.call(url, web, 'POST', '/v1/orders', request)
  if (body.state !== 'ordered') throw new Error(`the broker answered ${JSON.stringify(body)}`)
})
const grown = (process.memoryUsage.rss() - memory) / 2 ** 20
if (kit.orders - before !== half) throw new Error(`${kit.orders - before} orders in place of ${half}`)
process.stdout.write(
  `${half} orders, ${values.beside} at a time: the CA alone ${(alone / half).toFixed(1)} ms each, through the broker ${(brokered / half).toFixed(1)} ms each, ratio ${(brokered / alone).toFixed(2)}; memory +${grown.toFixed(0)} MiB\n`,
)
await kit.close()
rmSync(process.env.HSM_ENROLL_TEST_DEVICE_LOCKS, { recursive: true })
process.exit()
