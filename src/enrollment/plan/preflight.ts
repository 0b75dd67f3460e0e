import { DeviceError } from '../../../devices/device.ts'
import type { Configuration } from '../../config/configuration.ts'
import type { SecretReading } from '../../config/secret-source.ts'
import { EnrollError } from '../../errors.ts'
import type { RunState } from '../run-event.ts'
import { type Judged, judgeProfile } from './plan-findings.ts'

/**
 * A profile that cannot work is refused before a run exists, and before it costs a key. `confirmed`: the order has its yes, or needs
 * none. Throws EnrollError, DeviceError: the first blocker, as its finder threw it.
 */
export async function refuseUnworkable(
  configuration: Configuration,
  { reading, confirmed }: { readonly reading: SecretReading; readonly confirmed: boolean },
): Promise<void> {
  refuseBlockers(await judgeProfile(configuration, reading))
  if (confirmed) return
  throw new EnrollError(
    'order.unconfirmed',
    'Could not start: paid orders must be confirmed, and this session is not interactive.',
    {
      remedy: 'Add --yes, or rehearse with --test.',
    },
  )
}

/** The same for a run that ends without an order, with its key or its request. */
export async function refuseUnworkableSteps(
  configuration: Configuration,
  until: RunState,
  reading: SecretReading,
): Promise<void> {
  refuseBlockers(await judgeProfile(configuration, reading, until))
}

function refuseBlockers(judged: readonly Judged[]): void {
  const [first, ...others] = judged.flatMap(({ error }) => error ?? [])
  if (first === undefined) return
  if (others.length === 0) throw first
  const message = `${first.message} (and ${others.length} more; see \`hsm-enroll plan\`)`
  const { remedy } = first
  if (first instanceof EnrollError) throw new EnrollError(first.code, message, { remedy, cause: first })
  const { code, vendorCode } = first
  throw new DeviceError(code, message, { remedy, vendorCode, cause: first })
}
