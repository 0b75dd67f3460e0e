import { DeviceError, hasFixedPlace, hasKeyDeletion } from '../../../devices/device.ts'
import { EnrollError } from '../../errors.ts'
import { deleteDeviceKey, deviceKeyAt } from '../device-keys.ts'
import { openLedger } from '../open-ledger.ts'
import { runsOfProfile } from '../profile-runs.ts'
import { type Run, withRun } from '../run.ts'
import type { RunSummary } from '../run-record.ts'
import type { EnrollmentServices } from '../services.ts'
import { followed } from './current-key.ts'

/**
 * Records that signatures are made with the key of a run now, and not with the one that it renews. Throws EnrollError
 * `renewal.not-renewal`.
 */
export async function recordSwitch(id: string, operator: string, services: EnrollmentServices): Promise<RunSummary> {
  return withRun(id, services, async (run) => {
    const { renews, state, switchedAt } = run.record
    if (renews === undefined || (state !== 'installed' && state !== 'issued')) {
      const why = renews === undefined ? 'it renews no key' : `it has no certificate yet (${state})`
      throw new EnrollError('renewal.not-renewal', `Could not switch to the key of the run ${run.id}: ${why}.`, {
        remedy: `See \`hsm-enroll runs show ${run.id}\`.`,
      })
    }
    if (switchedAt === undefined) await run.log({ type: 'switched', by: operator })
    return run.summary
  })
}

export interface Retirement {
  readonly operator: string
  /** Asked where the certificate of the key has not ended; throw to end it there. */
  readonly confirm: (question: string) => Promise<void>
}

export interface Retired {
  readonly run: RunSummary
  /** False where the key stays on the device, which does not delete it; the next renewal may take its place. */
  readonly deleted: boolean
}

/**
 * Retires the key of a run: it may be replaced from now on, and is deleted from a device that deletes keys. Only after its successor was
 * switched to, or its certificate has ended. May be repeated after a failure. Throws EnrollError `renewal.in-use`; DeviceError.
 */
export async function retire(
  id: string,
  { operator, confirm }: Retirement,
  services: EnrollmentServices,
): Promise<Retired> {
  const run = await withRun(id, services, async (opened) => {
    if (opened.record.retiredAt === undefined) {
      const ended = await refuseUsed(opened, services)
      const { keyLocation, certificateNotAfter } = opened.record
      if (!ended)
        await confirm(
          `Retire the key ${keyLocation}? Its certificate is good until ${certificateNotAfter}; a key that is deleted cannot be brought back.`,
        )
      await opened.log({ type: 'retired', by: operator })
    }
    return { ...opened.summary, configuration: opened.configuration }
  })
  const { configuration, ...summary } = run
  if (summary.record.keyDeleted === true) return { run: summary, deleted: true }
  const device = await services.openDevice(configuration)
  try {
    // A device with fixed places gives a place again by overwriting it.
    if (hasFixedPlace(device) || !hasKeyDeletion(device)) return { run: summary, deleted: false }
    const setting = { ledger: await openLedger(services), stateDirectory: services.stateDirectory, now: services.now }
    const key = await deviceKeyAt(device, summary.record.keyLocation ?? '', setting)
    // Consent was for the key of the run: neither one that was put in its place by hand, nor one of another device at the same address.
    if (key.spkiSha256 !== summary.record.spkiSha256) throw notOfRun(summary.id, key.location)
    await deleteDeviceKey(device, key, services, operator)
  } finally {
    await device.close()
  }
  return { run: await withRun(summary.id, services, async (opened) => opened.summary), deleted: true }
}

/** Returns whether the certificate has ended. */
async function refuseUsed(run: Run, services: EnrollmentServices): Promise<boolean> {
  const { state, certificateNotAfter, profileMarks = [] } = run.record
  if ((state !== 'installed' && state !== 'issued') || certificateNotAfter === undefined)
    throw inUse(run.id, `it is ${state}`, `give it up with \`hsm-enroll runs abandon ${run.id}\``)
  if (Date.parse(certificateNotAfter) <= services.now()) return true
  const { runs } = await runsOfProfile(run.ledger, services.stateDirectory, profileMarks, { keep: true })
  if (runs.some(({ record }) => followed(record) === run.id)) return false
  throw inUse(
    run.id,
    'no other key was switched to',
    'renew it, and record the new key with `hsm-enroll runs switch RUN`',
  )
}

const notOfRun = (id: string, location: string): DeviceError =>
  new DeviceError(
    'key.not-found',
    `Could not delete the key ${location.slice(0, 120)}: it holds another key than that of the run ${id}.`,
    {
      remedy: 'Find out whose it is with `hsm-enroll keys list PROFILE`; the run is retired, and its key is not there.',
    },
  )

const inUse = (id: string, why: string, remedy: string): EnrollError =>
  new EnrollError('renewal.in-use', `Could not retire the key of the run ${id}: ${why}.`, {
    remedy: `First ${remedy}.`,
  })
