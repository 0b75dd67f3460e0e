import { DEVICE_ERROR_CODES, type Device, type DeviceDescription, DeviceError } from '../../../devices/device.ts'
import { knowledgeInForce } from '../../config/knowledge-in-force.ts'
import { withRemedy } from '../../errors.ts'
import { isoDay } from '../../iso-day.ts'
import { deviceName } from '../../ledger/fact.ts'
import { deviceObstacles } from '../plan/device-obstacles.ts'
import { checkPlace } from '../replacing/check-place.ts'
import type { Run } from '../run.ts'

/**
 * What the device shows by itself must not cost a key: asked once the device is open, and before it is asked for one. `attests`:
 * the run will want an attestation; one that stops before it is told of what would stop that. Throws DeviceError with the first
 * obstacle's own words (its code too, where a DeviceError has it), and `key.exists` for a place that is taken. Returns what the
 * device is.
 */
export async function refuseObstacles(run: Run, device: Device, attests: boolean): Promise<DeviceDescription> {
  const { services, configuration } = run
  const description = await device.describe()
  const known = { day: isoDay(services.now()), knowledge: await knowledgeInForce(configuration) }
  const blockers = deviceObstacles(description, configuration, known).filter(({ severity }) => severity === 'blocker')
  const [first, ...others] = blockers.filter(({ stops }) => attests || stops !== 'attestation')
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` (and ${others.length} more; see \`hsm-enroll doctor\`)`
    const code = DEVICE_ERROR_CODES.find((each) => each === first.code) ?? 'device.obstacle'
    throw new DeviceError(code, `${first.message}${more}`, { remedy: first.remedy })
  }
  const { hsmType, serial, uri } = description
  await checkPlace(device, deviceName(hsmType, serial ?? uri), configuration.text('key.replaceKey'), {
    ledger: run.ledger,
    stateDirectory: services.stateDirectory,
    now: services.now(),
  })
  for (const { message, remedy } of blockers)
    services.observer.step({ step: 'key', status: 'waiting', detail: withRemedy(message, remedy) })
  return description
}
