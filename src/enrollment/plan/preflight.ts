import { DeviceError } from '../../../devices/device.ts'
import type { Configuration } from '../../config/configuration.ts'
import { isAcme } from '../../config/order-route.ts'
import { secretFaults } from '../../config/secret-faults.ts'
import type { SecretReading } from '../../config/secret-source.ts'
import { EnrollError } from '../../errors.ts'
import type { RunState } from '../run-event.ts'
import type { Complaint } from './finding.ts'
import { type Judged, judgeProfile } from './plan-findings.ts'

/**
 * A profile that cannot work is refused before a run exists, and before it costs a key. `confirmed`: the order has its yes, or needs
 * none. Throws EnrollError, DeviceError: the first blocker, as its finder threw it. Returns what is to be said all the same.
 */
export async function refuseUnworkable(
  configuration: Configuration,
  { reading, confirmed }: { readonly reading: SecretReading; readonly confirmed: boolean },
): Promise<readonly Complaint[]> {
  const warnings = refuseBlockers(await judgeProfile(configuration, reading))
  if (confirmed) return warnings
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
): Promise<readonly Complaint[]> {
  return refuseBlockers(await judgeProfile(configuration, reading, until))
}

/** Would opening the device meet nothing but the device? A try of a password is not spent on what cannot work. */
export const canOpenDevice = async (configuration: Configuration, reading: SecretReading): Promise<boolean> =>
  (await judgeProfile(configuration, reading, 'key-generated')).every(
    ({ finding, error }) => error === undefined || finding.area !== 'profile',
  )

/** Has the CA an address and a login to be asked with? */
export async function canAskCa(configuration: Configuration, reading: SecretReading): Promise<boolean> {
  if (isAcme(configuration)) return (await secretFaults(configuration, reading, 'acme')).length === 0
  const named = ['sectigo.loginName', 'sectigo.loginPassword'].every((path) => configuration.text(path) !== undefined)
  if (!named && reading.prompt === undefined) return false
  return (await secretFaults(configuration, reading, 'sectigo')).length === 0
}

/** Returns what does not stop a run and its operator should know: what concerns the device is judged again once it is open. */
function refuseBlockers(judged: readonly Judged[]): readonly Complaint[] {
  const [first, ...others] = judged.flatMap(({ error }) => error ?? [])
  if (first === undefined)
    return judged.flatMap(({ finding }) =>
      finding.severity === 'warning' && finding.area !== 'device' && finding.code !== 'config.missing' ? [finding] : [],
    )
  if (others.length === 0) throw first
  const message = `${first.message} (and ${others.length} more; see \`hsm-enroll plan\`)`
  const { remedy } = first
  if (first instanceof EnrollError) throw new EnrollError(first.code, message, { remedy, cause: first })
  const { code, vendorCode } = first
  throw new DeviceError(code, message, { remedy, vendorCode, cause: first })
}
