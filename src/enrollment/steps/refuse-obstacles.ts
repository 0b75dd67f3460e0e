import {
  DEVICE_ERROR_CODES,
  type Device,
  type DeviceDescription,
  DeviceError,
  type KeyAlgorithm,
  type Obstacle,
} from '../../../devices/device.ts'
import { knowledgeInForce } from '../../config/knowledge-in-force.ts'
import { withRemedy } from '../../errors.ts'
import { isoDay } from '../../iso-day.ts'
import { isBlocker } from '../plan/finding.ts'
import { describedDeviceFindings } from '../plan/known-findings.ts'
import type { Run } from '../run.ts'

/**
 * What the device shows by itself must not cost a key: asked once the device is open, and before it is asked for one. `attests`:
 * the run will want an attestation; one that stops before it is told of what would stop that. Throws DeviceError with the first
 * obstacle's own words (its code too, where a DeviceError has it). Returns what the device is.
 */
export async function refuseObstacles(
  { services, configuration }: Run,
  device: Device,
  { algorithm, attests }: { readonly algorithm: KeyAlgorithm; readonly attests: boolean },
): Promise<DeviceDescription> {
  const description = await device.describe()
  const { capabilities, obstacles, model, serial } = description
  const name = serial === undefined ? model : `${model} ${serial}`
  const known = { day: isoDay(services.now()), knowledge: await knowledgeInForce(configuration) }
  const unacceptable = describedDeviceFindings(description, configuration, known).filter(isBlocker)
  const unable = capabilities.filter((capability) => capability.algorithm === algorithm && !capability.supported)
  const blockers: readonly Obstacle[] = [
    ...unable.map(({ reason }) => notMade(algorithm, name, reason)),
    ...obstacles.filter(({ severity }) => severity === 'blocker'),
    // Its evidence would be refused for the same reason, once the key is there.
    ...unacceptable.map(({ code, message, remedy }): Obstacle => {
      const cause = `Could not use the device: ${message}.`
      return { severity: 'blocker', stops: 'attestation', code, message: cause, remedy }
    }),
  ]
  const [first, ...others] = blockers.filter(({ stops }) => attests || stops !== 'attestation')
  if (first === undefined) {
    for (const { message, remedy } of blockers)
      services.observer.step({ step: 'key', status: 'waiting', detail: withRemedy(message, remedy) })
    return description
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more; see \`hsm-enroll doctor\`)`
  const code = DEVICE_ERROR_CODES.find((known) => known === first.code) ?? 'device.obstacle'
  throw new DeviceError(code, `${first.message}${more}`, { remedy: first.remedy })
}

const notMade = (algorithm: KeyAlgorithm, name: string, reason = 'the device gives no reason'): Obstacle => ({
  severity: 'blocker',
  code: 'device.unsupported',
  message: `Could not generate a key of type ${algorithm} on ${name}: ${reason}.`,
  remedy: 'Choose another key.algorithm.',
})
