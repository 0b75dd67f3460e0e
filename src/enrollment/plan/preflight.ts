import type { Configuration } from '../../config/configuration.ts'
import { checkConfiguredDevice } from '../../config/open-configured-device.ts'
import { requestTemplate } from '../../config/profile.ts'
import { secretFaults } from '../../config/secret-faults.ts'
import type { SecretReading } from '../../config/secret-source.ts'
import { checkRequestTemplate } from '../../csr/build-certification-request.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import { hasReached, type RunState } from '../run-event.ts'
import { type Finding, isBlocker } from './finding.ts'
import { planFindings } from './plan-findings.ts'

/**
 * A profile that cannot work is refused before a run exists, and before it costs a key. `confirmed`: the order has its yes, or needs
 * none. Throws EnrollError, DeviceError.
 */
export async function refuseUnworkable(
  configuration: Configuration,
  { reading, confirmed }: { readonly reading: SecretReading; readonly confirmed: boolean },
): Promise<void> {
  refuseBlockers(await planFindings(configuration, reading))
  if (reading.prompt !== undefined || confirmed) return
  throw new EnrollError('order.unconfirmed', 'Could not begin: a paid order needs a yes, and nobody can be asked.', {
    remedy: 'Add --yes, or rehearse with --test.',
  })
}

/** The same for a run that ends without an order, with its key or its request. */
export async function refuseUnworkableSteps(
  configuration: Configuration,
  until: RunState,
  reading: SecretReading,
): Promise<void> {
  if (!hasReached('key-generated', until)) await checkRequestTemplate(requestTemplate(configuration))
  await checkConfiguredDevice(configuration)
  const [fault] = await secretFaults(configuration, reading, 'device')
  if (fault !== undefined) throw fault
}

function refuseBlockers(findings: readonly Finding[]): void {
  const faults = findings.filter(isBlocker)
  const [first, ...others] = faults
  if (first === undefined) return
  const more = others.length === 0 ? '' : ` (and ${others.length} more; see \`hsm-enroll plan\`)`
  throw new EnrollError(
    first.code,
    `${first.area === 'order' ? 'Could not begin: the order form would be refused: ' : ''}${first.message}${more}`,
    {
      remedy: first.remedy,
      exitCode: first.area === 'order' ? EXIT.refused : EXIT.usage,
    },
  )
}
