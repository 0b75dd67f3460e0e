import { join } from 'node:path'
import type { Device } from '../../../devices/device.ts'
import { DeviceError } from '../../../devices/device.ts'
import type { DeviceLogFile } from '../../bundle/device-log/device-log-file.ts'
import type { EnrollmentServices } from '../../enrollment/services.ts'
import { type DeviceOpening, readDevice, readLog, signLog } from './device-record.ts'
import { readJson, writeJson } from './json-file.ts'

/** Names of what the device says, in the folder of a ceremony and in its bundle. */
export const DEVICE_FILES = { openings: 'device.json', log: 'device-log.json' } as const

export interface DeviceWatch {
  readonly folder: string
  /** Location of the attested key, once there is one; it then signs the device's log, where that is wanted. */
  readonly keyForLog: () => Promise<string | undefined>
}

/**
 * The same services, whose devices are read when they are opened and before they are closed, in the session that the run has anyway: no
 * login is made for it. What was read is on disk before the run goes on.
 */
export const watchedServices = (services: EnrollmentServices, watch: DeviceWatch): EnrollmentServices => ({
  ...services,
  openDevice: async (configuration, guard) => {
    const device = await services.openDevice(configuration, guard)
    try {
      await watchDevice(device, services.now, watch)
      return device
    } catch (error) {
      await device.close()
      throw error
    }
  },
})

async function watchDevice(device: Device, now: () => number, { folder, keyForLog }: DeviceWatch): Promise<void> {
  const file = join(folder, DEVICE_FILES.openings)
  const logFile = join(folder, DEVICE_FILES.log)
  const openings = ((await readJson(file)) ?? []) as readonly DeviceOpening[]
  const opened = await readDevice(device, now)
  const serial = opened.description?.serial ?? ''
  let log = await readLog(device, serial, (await readJson(logFile)) as DeviceLogFile | undefined)
  await writeJson(file, [...openings, { opened }])
  if (log !== undefined) await writeJson(logFile, log)
  const close = device.close.bind(device)
  let isClosed = false
  device.close = async () => {
    try {
      if (!isClosed) await readAtEnd()
    } finally {
      isClosed = true
      await close()
    }
  }

  /** A device that was lost meanwhile is read no more; that the run failed says more. */
  async function readAtEnd(): Promise<void> {
    try {
      await writeJson(file, [...openings, { opened, closed: await readDevice(device, now) }])
      log = await readLog(device, serial, log)
      const key = await keyForLog()
      if (log !== undefined && key !== undefined) log = await readLog(device, serial, await signLog(device, key, log))
      if (log !== undefined) await writeJson(logFile, log)
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error
    }
  }
}
