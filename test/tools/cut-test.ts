/**
 * `npm run cut-test`: cuts the journal of a finished run at every byte, as a bad disk or an old backup does, and goes on: `runs resume` with
 * the word that allows another order, and `enroll` of the same profile; beside the ledger, and with the ledger gone, too. Counts orders and
 * keys at the doubles, and ends that are no error of ours (exit 70 of the program).
 * `--every N` (1): every Nth byte. `--from N`, `--to N`: a part of the journal. `--json`.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DeviceError } from '../../devices/device.ts'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { type Enrolled, enroll, resume } from '../../src/enrollment/enroll.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import type { EnrollmentServices } from '../../src/enrollment/services.ts'
import { EnrollError } from '../../src/errors.ts'
import { startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'

const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    to: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'cut-test-'))
process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = folder
const double = await startYubiHsm2Double()
const authority = { account: { credit: '900000000.00' } }
const rehearsal = await startRehearsal({ directory: folder, device: double, algorithm: 'P-256', authority })
const [base, work] = [join(folder, 'base'), join(folder, 'work')]
const yes = async (): Promise<boolean> => true
const configuration = (stateDirectory: string) =>
  loadConfiguration({ profile: rehearsal.profile, env: {}, flags: { stateDirectory } })
const services = (stateDirectory: string): EnrollmentServices =>
  createRealServices({ stateDirectory, reading: { env: {} }, observer: { step: () => undefined } })
const counts = () => ({
  orders: rehearsal.ca.orders.length,
  keys: double.device.store.list().filter(({ type }) => type === 3).length,
})

/** As the program would end: the exit code, and 70 for what is no error of ours. */
async function endOf(what: Promise<Enrolled>): Promise<number> {
  try {
    return (await what).exitCode
  } catch (error) {
    if (error instanceof EnrollError) return error.exitCode
    return error instanceof DeviceError ? 3 : 70
  }
}

const finished = await enroll({ configuration: await configuration(base), confirm: yes, wait: true }, services(base))
if (finished.record.state !== 'installed') throw new Error(`the run ended as ${finished.record.state}`)
const { id } = finished
const journal = readFileSync(join(base, 'runs', id, 'journal.jsonl'))
const artefacts = (): Promise<Enrolled> => resume(id, { orderAgain: true, confirm: yes, wait: true }, services(work))
const again = async (): Promise<Enrolled> =>
  enroll({ configuration: await configuration(work), confirm: yes, wait: true }, services(work))

const WAYS = [
  { name: 'resumed', ledger: true, act: artefacts },
  { name: 'enrolled for again', ledger: true, act: again },
  { name: 'resumed without the ledger', ledger: false, act: artefacts },
  { name: 'enrolled for again without the ledger', ledger: false, act: again },
] as const

const ends: Record<string, Record<string, number>> = {}
const faults: string[] = []
const last = Math.min(journal.length - 1, Number(values.to ?? journal.length))
let cuts = 0
for (let cut = Number(values.from); cut <= last; cut += Number(values.every)) {
  cuts++
  for (const { name, ledger, act } of WAYS) {
    rmSync(work, { recursive: true, force: true })
    cpSync(base, work, { recursive: true })
    if (!ledger) rmSync(join(work, 'ledger'), { recursive: true })
    writeFileSync(join(work, 'runs', id, 'journal.jsonl'), journal.subarray(0, cut))
    const before = counts()
    const end = await endOf(act())
    const after = counts()
    const tally = ends[name] ?? {}
    ends[name] = { ...tally, [`exit ${end}`]: (tally[`exit ${end}`] ?? 0) + 1 }
    if (after.orders === before.orders && after.keys === before.keys && end !== 70) continue
    faults.push(
      `${name}, cut at ${cut}: exit ${end}, orders +${after.orders - before.orders}, keys +${after.keys - before.keys}`,
    )
  }
  if (cuts % 200 === 0) process.stderr.write(`${cut} of ${journal.length} bytes, ${faults.length} faults\n`)
}
const result = { bytes: journal.length, cuts, ends, faults }
if (values.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
else {
  for (const [name, tally] of Object.entries(ends))
    process.stdout.write(
      `${name}: ${Object.entries(tally)
        .map(([end, count]) => `${end}: ${count}`)
        .sort()
        .join(', ')}\n`,
    )
  process.stdout.write(
    `${faults.map((fault) => `FAULT ${fault}\n`).join('')}${cuts} cuts of ${journal.length} bytes, ${faults.length} faults\n`,
  )
}
await rehearsal.close()
rmSync(folder, { recursive: true })
process.exit(faults.length === 0 ? 0 : 1)
