import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPem } from '../../src/asn1/pem.ts'
import { type DeviceLogFile, type LoggedKey, verifyDeviceLog } from '../../src/bundle/device-log/device-log-file.ts'
import { readYubiHsm2Log } from '../../src/bundle/device-log/yubihsm2-log.ts'
import { runCeremony } from '../../src/ceremony/run-ceremony.ts'
import { listRunIds } from '../../src/enrollment/run-folder.ts'
import { sharedFolder } from '../shared-folder.ts'
import { type CeremonyKit, desk, startCeremonyKit } from './ceremony-kit.ts'

interface Logged {
  readonly file: DeviceLogFile
  readonly key: LoggedKey
}

let kits: readonly CeremonyKit[]
let own: Logged
let foreign: Logged
beforeAll(async () => {
  kits = [await startCeremonyKit(), await startCeremonyKit()]
  // One after the other: the doubles have one serial number, and so one lock.
  const [first, second] = kits
  if (first === undefined || second === undefined) throw new Error('no doubles')
  own = await logged(first)
  foreign = await logged(second)
})
afterAll(async () => {
  for (const kit of kits) await kit.close()
})

async function logged(kit: CeremonyKit): Promise<Logged> {
  const folder = await kit.begin()
  expect(await runCeremony(folder, desk(), kit.options)).toBe(0)
  const [run = ''] = await listRunIds(kit.rehearsal.stateDirectory)
  const [key] = readPem(readFileSync(join(kit.rehearsal.stateDirectory, 'runs', run, 'public-key.pem'), 'utf8'))
  const file = JSON.parse(readFileSync(join(folder, 'device-log.json'), 'utf8')) as DeviceLogFile
  return { file, key: { spki: key?.der ?? new Uint8Array(), location: file.key, serial: file.serial } }
}

const HEADER = 5
const ENTRY = 32
const entriesOf = (reading: string): Buffer[] => {
  const bytes = Buffer.from(reading, 'base64')
  return Array.from({ length: bytes[4] ?? 0 }, (_, index) =>
    bytes.subarray(HEADER + index * ENTRY, HEADER + (index + 1) * ENTRY),
  )
}
const readingOf = (entries: readonly Buffer[]): string =>
  Buffer.concat([Buffer.of(0, 0, 0, 0, entries.length), ...entries]).toString('base64')

/** The file with one reading changed. */
const changed = (reading: number, change: (entries: Buffer[]) => readonly Buffer[]): DeviceLogFile => ({
  ...own.file,
  readings: own.file.readings.map((each, index) => (index === reading ? readingOf(change(entriesOf(each))) : each)),
})

describe('the log of a YubiHSM 2', () => {
  it('is chained, and bound to the attested key by a signature that it shows itself', () => {
    expect(verifyDeviceLog(own.file, own.key)).toMatchObject({ bound: true })
  })

  it('shows a removed, changed, reordered or foreign entry, wherever it is', () => {
    const { readings } = own.file
    for (const [index, reading] of readings.entries()) {
      const count = entriesOf(reading).length
      const stranger = entriesOf(foreign.file.readings[index] ?? '')
      for (let at = 1; at < count - 1; at += 5) {
        const faults = [
          changed(index, (entries) => entries.toSpliced(at, 1)),
          changed(index, (entries) => entries.with(at, Buffer.from(entries[at] ?? '').fill(7, 2, 3))),
          changed(index, (entries) =>
            entries.with(at, entries[at + 1] ?? Buffer.alloc(0)).with(at + 1, entries[at] ?? Buffer.alloc(0)),
          ),
          // Number and content of an entry of the other device, which was asked for the same.
          ...(stranger[at]?.equals(entriesOf(reading)[at] ?? Buffer.alloc(0)) === false
            ? [changed(index, (entries) => entries.with(at, stranger[at] ?? Buffer.alloc(0)))]
            : []),
        ]
        for (const fault of faults)
          expect(() => verifyDeviceLog(fault, own.key), `${index}.${at}`).toThrow(/device log|readings/)
      }
    }
  })

  it('shows that its end was cut off, where it was signed or read again', () => {
    const signed = own.file.signature?.reading ?? 0
    expect(() =>
      verifyDeviceLog(
        changed(signed, (entries) => entries.slice(0, -1)),
        own.key,
      ),
    ).toThrow(/did not sign/)
    const last = own.file.readings.length - 1
    const end = entriesOf(own.file.readings[signed] ?? '')
      .at(-1)
      ?.readUInt16BE(0)
    const withoutSignature = changed(last, (entries) =>
      entries.slice(0, entries.findIndex((entry) => entry.readUInt16BE(0) === end) + 1),
    )
    expect(verifyDeviceLog(withoutSignature, own.key)).toMatchObject({ bound: false })
  })

  it('of another device does not take the signature, nor another key', () => {
    const { readings } = foreign.file
    expect(() => verifyDeviceLog({ ...own.file, readings }, own.key)).toThrow(/did not sign/)
    expect(() => verifyDeviceLog(own.file, { ...own.key, spki: foreign.key.spki })).toThrow(/did not sign/)
    expect(() => verifyDeviceLog(own.file, { ...own.key, serial: '1' })).toThrow(/of the device/)
    expect(() => verifyDeviceLog(own.file, { ...own.key, location: '0x0001' })).toThrow(/about the key/)
  })

  const vectors = sharedFolder('vectors')
  it.runIf(vectors !== undefined)("is read as Yubico's own test bytes have it", () => {
    const { log } = JSON.parse(readFileSync(join(vectors ?? '', 'yubihsm2/protocol-known-answers.json'), 'utf8'))
    const bytes = (second: string): Buffer => Buffer.from(`0000000002${log.previous}${second}`, 'hex')
    expect(readYubiHsm2Log(bytes(log.next)).entries).toMatchObject([
      { command: 0, target: 0 },
      { number: 3, command: 3, target: 1, result: 0x83 },
    ])
    expect(() => readYubiHsm2Log(bytes(log.tampered))).toThrow(/entry 3 .* was changed/)
  })
})
