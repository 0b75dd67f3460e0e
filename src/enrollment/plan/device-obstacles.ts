import type { DeviceDescription, Obstacle } from '../../../devices/device.ts'
import type { Configuration } from '../../config/configuration.ts'
import { keyProfile } from '../../config/profile.ts'
import { isBlocker } from './finding.ts'
import { describedDeviceFindings, type Known } from './known-findings.ts'

/**
 * Everything in what a device says of itself that stops an enrolment with a profile, or that an operator should know: key types, what
 * the family found, and what the policy will make of evidence from it. `enroll`, `keygen`, `csr` and `batch` refuse by it, `doctor`
 * shows it. Throws EnrollError `config.value`.
 */
export function deviceObstacles(
  description: DeviceDescription,
  configuration: Configuration,
  known: Known,
): readonly Obstacle[] {
  const { capabilities, obstacles, model, serial } = description
  const { algorithm } = keyProfile(configuration)
  const name = serial === undefined ? model : `${model} ${serial}`
  const unable = capabilities.filter((capability) => capability.algorithm === algorithm && !capability.supported)
  return [
    ...unable.map(({ reason }) => notMade(algorithm, name, reason)),
    ...obstacles,
    // Its evidence would be refused for the same reason, once the key is there.
    ...describedDeviceFindings(description, configuration, known)
      .filter(isBlocker)
      .map(({ code, message, remedy }): Obstacle => {
        const cause = `Could not use the device: ${message}.`
        return { severity: 'blocker', stops: 'attestation', code, message: cause, remedy }
      }),
  ]
}

const notMade = (algorithm: string, name: string, reason = 'the device gives no reason'): Obstacle => ({
  severity: 'blocker',
  code: 'device.unsupported',
  message: `Could not generate a key of type ${algorithm} on ${name}: ${reason}.`,
  remedy: 'Choose another key.algorithm.',
})
