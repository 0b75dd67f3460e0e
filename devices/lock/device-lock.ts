import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { OpenOptions } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { takeKernelLock } from './kernel-lock.ts'
import { LockFault } from './lock-fault.ts'
import { describeHolder } from './lock-holder.ts'
import { type LockPlace, lockPlace } from './lock-place.ts'

/** One process at a time per device, of all users of this host. */
export interface DeviceLock {
  /** Safe to call twice. */
  release(): void
}

/**
 * Takes the lock of a device, or of a place in a service. `identity`: what is the same by any URI, module and address (family and
 * serial number, resource name). Throws DeviceError: `device.busy` naming the process that holds it, `device.lock` where this host
 * offers no lock.
 */
export async function lockDevice(
  identity: readonly string[],
  subject: string,
  { onProgress, onTrace, signal }: Pick<OpenOptions, 'onProgress' | 'onTrace' | 'signal'> = {},
  place: LockPlace = lockPlace(),
): Promise<DeviceLock> {
  const name = createHash('sha256').update(identity.join('\0')).digest('hex').slice(0, 32)
  const file = join(place.folder, `${place.prefix}${name}.lock`)
  onTrace?.({ call: 'lock', detail: file })
  if (place.weakness !== undefined)
    onProgress?.({ kind: 'lock', message: `${subject} is locked in ${place.folder}. ${place.weakness}` })
  try {
    const outcome = await takeKernelLock(file, { shared: true, ...(signal === undefined ? {} : { signal }) })
    if (outcome.kind === 'taken') return outcome.lock
    throw new DeviceError('device.busy', `Could not open ${subject}: ${describeHolder(outcome.holder)} has it open.`, {
      remedy: `Wait until that run has ended, or end it. \`fuser ${file}\`, as root on the host, shows its process.`,
      vendorCode: 'lock',
      transient: true,
    })
  } catch (cause) {
    if (!(cause instanceof LockFault)) throw cause
    throw new DeviceError('device.lock', `Could not lock ${subject} (${file}): ${cause.message}.`, {
      remedy: cause.remedy,
      cause,
    })
  }
}
