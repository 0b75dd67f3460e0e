/**
 * Hosts enrol keys through two brokers over one database, all of the built program, each on a machine of its own (network namespaces),
 * while hosts, brokers and the database are killed, stopped and cut off at random. Then all is healed, and everything is counted. The
 * history of all calls is for a checker that this project did not write (test/interop/fleet).
 *
 * Usage: node dist/tools/campaign.js SECONDS HOSTS KEYS FOLDER [SEED]. Ends with 77 where this machine forbids namespaces.
 */
import type { ChildProcess } from 'node:child_process'
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EXIT } from '../../src/errors.ts'
import { type Host, REJECTED, startFleet, USUAL } from './campaign/fleet.ts'
import { Lan } from './campaign/lan.ts'
import { type Ended, startProgram } from './campaign/programs.ts'
import { Troubles } from './campaign/troubles.ts'
import { completeHistory, faultsOf, isSettled, runsIn, spkiOf } from './campaign/verdict.ts'
import { Random } from './random.ts'

/** Milliseconds for each host before one begins its next command: to start a program takes half a second of a processor. */
const PACE = 125
/**
 * Milliseconds without another order in which everything has to settle once nothing goes wrong any more: for five minutes a broker says of
 * an order that another one may be about to send that it is under way.
 */
const CALM = 420_000
/** Milliseconds until the first orders have to be there. */
const PATIENCE = 300_000
/** Defects of our own: exit code 70, and what an abort of Node.js ends with. */
const DEFECTS: readonly (number | null)[] = [70, 134]

const [seconds = 60, hosts = 8, keys = 5] = process.argv.slice(2, 5).map(Number)
const folder = process.argv[5] ?? ''
const seed = Number(process.argv[6] ?? Date.now() % 1_000_000)
console.log(`seed ${seed}`)
const random = new Random(seed)

const lan = await Lan.start().catch((error: unknown) => {
  console.error(`this machine allows no network namespaces: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(77)
})
const running = new Map<Host, ChildProcess>()
// Nothing of it outlives the campaign, however that ends.
lan.atEnd(async () => {
  for (const child of running.values()) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void lan.close().finally(() => process.exit(1)))
mkdirSync(folder, { recursive: true })
const fleet = await startFleet(lan, folder, hosts, keys).catch(async (error: unknown) => {
  await lan.close()
  throw error
})
const exits: Record<string, number> = {}
const defects: string[] = []

async function command(host: Host, ...args: readonly string[]): Promise<Ended> {
  const { child, ended } = startProgram(fleet.lan, host, fleet.history, args)
  running.set(host, child)
  const end = await ended
  running.delete(host)
  const how = `${args[0]} ${end.code ?? 'killed'}`
  exits[how] = (exits[how] ?? 0) + 1
  appendFileSync(
    join(fleet.folder, 'commands.log'),
    `${host.node} ${args.join(' ')}: ${end.code}\n${end.stdout}${end.stderr}\n`,
  )
  // A usage error is one of this tool, which would otherwise count for nothing.
  if (DEFECTS.includes(end.code) || (end.code === EXIT.usage && end.stderr.includes('(usage, ')))
    defects.push(`${host.node} ${args.join(' ')}: ${end.code} ${end.stderr.slice(0, 2000)}`)
  return end
}

/** A person who decides on everything that waits: no to some, by what it is for. */
async function decideOnAll(): Promise<void> {
  const say = (...args: readonly string[]) =>
    startProgram(fleet.lan, fleet.person, fleet.history, ['orders', ...args, '--profile', fleet.person.profile]).ended
  const { code, stdout } = await say('pending', '--json')
  if (code !== 0) return
  const { requests } = JSON.parse(stdout) as { requests: readonly { claim: string; subjectName: string }[] }
  const open = [...requests]
  await Promise.all(
    Array.from({ length: 3 }, async () => {
      for (let request = open.shift(); request !== undefined; request = open.shift())
        await say(request.subjectName.startsWith(REJECTED) ? 'reject' : 'approve', request.claim, '--yes')
    }),
  )
}

const resolved: string[] = []
/** The operator of the brokers: looks at the CA's list of orders, and says what became of those that nobody knows of. */
async function resolveUnknowns(): Promise<void> {
  for (const { node, stateDirectory } of fleet.brokers)
    for (const { id, record } of await runsIn(stateDirectory)) {
      if (record.state !== 'unknown') continue
      const placed = fleet.rehearsal.ca.orders.find((order) => spkiOf(order) === record.submission?.spkiSha256)
      const word = placed === undefined ? ['--not-placed', '--despite-balance'] : ['--order-number', placed.orderNumber]
      const profile = join(fleet.folder, `${node}.yaml`)
      const call = String(process.hrtime.bigint())
      const { ended } = startProgram(fleet.lan, { node, client: 1000, home: fleet.person.home }, fleet.history, [
        ...['runs', 'resolve', id, ...word, '--profile', profile],
      ])
      const { code, stderr } = await ended
      if (code === 70) defects.push(`runs resolve ${id}: ${stderr}`)
      if (code !== 0) continue
      resolved.push(id)
      const line = { id: `resolve-${id}`, name: record.submission?.spkiSha256 }
      const number = placed?.orderNumber ?? ''
      appendFileSync(
        fleet.history,
        `${JSON.stringify({ ...line, event: 'call', client: 1000, op: 'resolve', at: call })}\n${JSON.stringify({ ...line, event: 'answer', status: 200, number, at: String(process.hrtime.bigint()) })}\n`,
      )
    }
}

const YES = ['--yes', '--json'] as const
const resume = (host: Host): Promise<Ended> =>
  command(host, 'runs', 'resume', '--all', '--state-directory', host.stateDirectory, ...YES)
const enrolAgain = (host: Host): Promise<Ended> => {
  const { file } = random.pick(host.profiles)
  switch (random.below(4)) {
    case 0:
      return command(host, 'enroll', file, ...YES)
    case 1:
      return resume(host)
    default:
      return command(host, 'batch', host.jobs, '--keep-going', ...YES)
  }
}

try {
  console.log(`PostgreSQL ${(await fleet.server.sql('SHOW server_version'))[0]?.server_version}`)
  const begun = performance.now()
  const troubles = new Troubles(fleet, running, random)
  let over = false
  // The organization of most keys is a new one until its first order: otherwise all of them would wait for the person.
  const [host0] = fleet.hosts
  const plain = host0?.profiles.find(({ organization }) => organization === USUAL)
  if (host0 !== undefined && plain !== undefined) {
    await command(host0, 'enroll', plain.file, ...YES)
    await decideOnAll()
    await resume(host0)
  }
  const work = fleet.hosts.map(async (host) => {
    while (!over && !(await isSettled(host))) {
      await enrolAgain(host)
      await delay(hosts * (PACE + random.below(3 * PACE)))
    }
  })
  const person = (async () => {
    while (!over) {
      await decideOnAll()
      await delay(2000)
    }
  })()
  // Trouble begins once the first orders are placed: before, there is little to lose.
  while (fleet.rehearsal.ca.orders.length < hosts && performance.now() - begun < PATIENCE) await delay(200)
  console.log(`first orders after ${Math.round((performance.now() - begun) / 1000)} s`)
  await troubles.run(seconds)
  over = true
  const during = fleet.rehearsal.ca.orders.length
  console.log(`troubles ${JSON.stringify(troubles.done)}`)
  await Promise.all([...work, person])

  let calm = performance.now() + CALM
  let before = 0
  for (let round = 0; round === 0 || performance.now() < calm; round++) {
    const { length } = fleet.rehearsal.ca.orders
    if (length > before) calm = performance.now() + CALM
    before = length
    await resolveUnknowns()
    await decideOnAll()
    const open: Host[] = []
    for (const host of fleet.hosts) if (round === 0 || !(await isSettled(host))) open.push(host)
    if (open.length === 0) break
    if (round > 0) await delay(2000)
    await Promise.all(
      open.map(async (host) => {
        await resume(host)
        if (!(await isSettled(host))) await command(host, 'batch', host.jobs, '--keep-going', ...YES)
      }),
    )
  }
  const { faults, ...figures } = await faultsOf(fleet, resolved)
  await completeHistory(fleet)
  console.log(`ends of commands ${JSON.stringify(exits)}`)
  console.log(
    `hosts ${hosts}, keys ${hosts * keys}, seconds of trouble ${seconds}, in all ${Math.round((performance.now() - begun) / 1000)}`,
  )
  console.log(
    `approved ${figures.approved}, orders ${figures.orders} (${during} of them during the trouble), intents ${figures.intents}, unknown and told once ${figures.unknowns}, certificates that wait for the CA's three hours ${figures.waiting}`,
  )
  const { right, undecided, none } = figures.weighed
  console.log(
    `what the balance said of them: right ${right}, undecided ${undecided}, not read ${none}, wrong ones are faults`,
  )
  for (const fault of [...faults, ...defects]) console.log(`FAULT ${fault}`)
  process.exitCode = faults.length + defects.length > 0 ? 1 : 0
} finally {
  await lan.close()
}
process.exit()
