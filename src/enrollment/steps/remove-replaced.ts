import { type Device, DeviceError, hasFixedPlace, hasKeyDeletion } from '../../../devices/device.ts'
import { withRemedy } from '../../errors.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { deleteUnclaimed } from '../order-claims.ts'
import { holderOf, type PlaceHolder } from '../replacing/place-holder.ts'
import type { Run } from '../run.ts'

/**
 * The key that this run replaces goes once its own serves, and only if it is still the one that was there. That it cannot be deleted
 * does not undo the enrolment: it is said, with what to do.
 */
export async function removeReplaced(run: Run, device: Device): Promise<void> {
  const { replaces, keyLocation } = run.record
  if (replaces === undefined || replaces.removed || hasFixedPlace(device) || !hasKeyDeletion(device)) return
  const { location, spkiSha256 } = replaces
  if (location === keyLocation) return
  try {
    const key = await device.findKey({ location })
    if (key !== undefined) {
      if (spkiSha256 === undefined || sha256Hex(key.publicKey) !== spkiSha256) throw changed(location)
      const remove = async (): Promise<void> => {
        const holder = await holderOf(
          { ledger: run.ledger, stateDirectory: run.services.stateDirectory, now: run.services.now() },
          { device: run.record.deviceName ?? '', location, spkiSha256 },
        )
        if (holder?.stake !== undefined) throw heldSince(location, holder)
        await device.deleteKey(location, key.publicKey)
      }
      await deleteUnclaimed(run.ledger, spkiSha256, remove, () => device.findKey({ location }))
    }
    await run.log({ type: 'key-removed', location, spkiSha256 })
    run.services.observer.step({ step: 'key', status: 'done', detail: `the replaced key ${location} was deleted` })
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    const detail = withRemedy(`the replaced key ${location} is still there: ${error.message}`, error.remedy)
    run.services.observer.step({ step: 'key', status: 'waiting', detail })
  }
}

/** Nothing needed it when this run was told to replace it, and this run may have waited for weeks. */
const heldSince = (location: string, { run, stake }: PlaceHolder): DeviceError =>
  new DeviceError('key.exists', `${location} belongs to the run ${run}, and ${stake}.`, {
    remedy: `If nobody needs it, run \`hsm-enroll runs abandon ${run} --despite-order\`, then delete it with \`hsm-enroll keys delete\`.`,
  })

const changed = (location: string): DeviceError =>
  new DeviceError('key.not-found', `${location} now holds another key than the one to be replaced.`, {
    remedy: 'Find out whose it is with `hsm-enroll keys list`.',
  })
