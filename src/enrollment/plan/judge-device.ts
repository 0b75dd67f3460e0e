import { type Device, DeviceError, hasFixedPlace } from '../../../devices/device.ts'
import type { Configuration } from '../../config/configuration.ts'
import { knowledgeInForce } from '../../config/knowledge-in-force.ts'
import { EnrollError } from '../../errors.ts'
import { fileFault } from '../../files/bounded-file.ts'
import { isoDay } from '../../iso-day.ts'
import { deviceName } from '../../ledger/fact.ts'
import { guardLogin } from '../guard-device.ts'
import { peekLedger } from '../open-ledger.ts'
import { refuseHeld } from '../replacing/allow-replacement.ts'
import { checkPlace } from '../replacing/check-place.ts'
import { findReplaced } from '../replacing/find-replaced.ts'
import { describeLoss } from '../replacing/replaced-key.ts'
import type { EnrollmentServices } from '../services.ts'
import { deviceObstacles } from './device-obstacles.ts'
import { type Finding, obstacleFinding } from './finding.ts'
import { describedDeviceFindings } from './known-findings.ts'

/**
 * Opens the device of a profile and judges it as an enrolment does before it asks for a key: what it says of itself, what the policy
 * makes of that, and what is in the place. `abandon`: runs that may lose their key. Nothing is generated or written.
 */
export async function judgeDevice(
  configuration: Configuration,
  services: EnrollmentServices,
  { test = false, abandon = [] }: { readonly test?: boolean; readonly abandon?: readonly string[] } = {},
): Promise<readonly Finding[]> {
  const ledger = peekLedger(services)
  try {
    const device = await services.openDevice(configuration, guardLogin({ configuration, services, ledger }))
    try {
      const description = await device.describe()
      const { hsmType, vendor, model, serial, firmware, details = {}, uri } = description
      const known = { day: isoDay(services.now()), knowledge: await knowledgeInForce(configuration) }
      const name = [vendor, model, ...(serial === undefined ? [] : [serial])].join(' ')
      const facts = Object.entries(details).map(([label, value]) => `${label}: ${value}`)
      const place = await placeFindings(device, deviceName(hsmType, serial ?? uri), {
        ...{ configuration, services, ledger },
        ...{ test, abandon },
      })
      return [
        ...[`${name}, firmware ${firmware ?? 'unknown'}`, ...facts].map(accepted),
        ...describedDeviceFindings(description, configuration, known).filter(({ severity }) => severity !== 'blocker'),
        ...deviceObstacles(description, configuration, known).map(obstacleFinding),
        ...place,
      ]
    } finally {
      await device.close()
    }
  } catch (error) {
    return [refusalOf(error)]
  }
}

type Setting = Parameters<typeof findReplaced>[0] & { readonly test: boolean; readonly abandon: readonly string[] }

/** The place of the new key, or the key that is to go for it. */
async function placeFindings(
  device: Device,
  name: string,
  { test, abandon, ...setting }: Setting,
): Promise<readonly Finding[]> {
  try {
    const { configuration, services, ledger } = setting
    const { stateDirectory } = services
    const known = { ledger, stateDirectory, now: services.now() }
    await checkPlace(device, name, configuration.text('key.replaceKey'), known)
    const replaced = await findReplaced(setting, device, name)
    if (replaced === undefined) return hasFixedPlace(device) ? [accepted(`${device.place} is empty`)] : []
    const abandoned = refuseHeld(replaced, { test, abandon })
    const also = abandoned === undefined ? '' : `; the run ${abandoned} is abandoned`
    return [
      {
        area: 'device',
        severity: 'warning',
        code: 'key.replaced',
        message: `an enrolment replaces ${describeLoss(replaced)}${also}`,
        remedy: 'Omit --replace-key, or remove key.replaceKey from the profile, to keep it.',
      },
    ]
  } catch (error) {
    return [refusalOf(error)]
  }
}

const accepted = (message: string): Finding => ({ area: 'device', severity: 'ok', message })

function refusalOf(error: unknown): Finding {
  // Where the ledger cannot be read, nobody knows whether the last PIN was wrong: none is sent.
  if (error instanceof Error && 'syscall' in error && 'path' in error) {
    const message = `the device was not opened: the ledger cannot be read (${error.path}: ${fileFault(error)})`
    const remedy = 'Correct stateDirectory (or --state-directory), then run it again.'
    return { area: 'device', severity: 'blocker', code: 'program.state-directory', message, remedy }
  }
  if (!(error instanceof DeviceError) && !(error instanceof EnrollError)) throw error
  const { code, message, remedy } = error
  return { area: 'device', severity: 'blocker', code, message, remedy }
}
