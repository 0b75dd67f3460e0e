import type { DeviceError, DeviceFamily } from '../../../devices/device.ts'
import { loadNativeAddon, NATIVE_ADDONS, type NativeAddon } from '../../../devices/native-addon.ts'
import type { Configuration } from '../../config/configuration.ts'
import { type Finding, isBlocker } from '../../enrollment/plan/finding.ts'
import { EXIT } from '../../errors.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { configure } from '../configure.ts'
import { RUN_OPTIONS, stateDirectoryOf } from '../enrolling.ts'
import { formatFinding } from '../format-finding.ts'
import { secretReading, servicesFor } from '../services.ts'

export const doctor: Command = {
  command: 'doctor [profile]',
  summary: 'find what would stop an enrolment; with a profile, open its device',
  positionals: { profile: { type: 'string', describe: 'profile file or name' } },
  options: RUN_OPTIONS,
  run: async (args, context) => {
    const { output } = context
    const profile = args.text('profile')
    const configuration = await configure(args, context, profile === undefined ? {} : { profile })
    const stateDirectory = stateDirectoryOf(configuration)
    const { judgeState } = await import('../../enrollment/plan/judge-state.ts')
    const family = profile === undefined ? undefined : await familyOfProfile(configuration)
    const { judgeLedger } = await import('../../enrollment/plan/judge-ledger.ts')
    const findings: Finding[] = [
      ...(await programFindings(family)),
      ...(await judgeState(stateDirectory)),
      ...(await judgeLedger(servicesFor(configuration, args, context))),
    ]
    if (profile !== undefined) findings.push(...(await profileFindings(args, context, configuration)))
    const blocked = findings.some(isBlocker)
    output.result({ ready: !blocked, findings }, () =>
      findings.map((finding) => formatFinding(finding, output)).join('\n'),
    )
    return blocked ? EXIT.refused : EXIT.done
  },
}

/** What `enroll` refuses by: the profile, the CA's answer, the device. Neither is asked where what it is asked with is wrong. */
async function profileFindings(
  args: Arguments,
  context: CommandContext,
  configuration: Configuration,
): Promise<readonly Finding[]> {
  const { planFindings } = await import('../../enrollment/plan/plan-findings.ts')
  const { canAskCa, canOpenDevice } = await import('../../enrollment/plan/preflight.ts')
  const { judgeCa } = await import('../../enrollment/plan/ask-ca.ts')
  const { judgeDevice } = await import('../../enrollment/plan/judge-device.ts')
  const reading = secretReading(context)
  const services = servicesFor(configuration, args, context)
  return [
    ...(await planFindings(configuration, reading)),
    ...((await canAskCa(configuration, reading))
      ? (await judgeCa(configuration, services)).judged.map(({ finding }) => finding)
      : [NOT_ASKED]),
    ...((await canOpenDevice(configuration, reading))
      ? await judgeDevice(configuration, services, { abandon: args.list('abandon') })
      : [NOT_OPENED]),
  ]
}

/** Undefined where the profile names none that there is, which is among the findings. */
async function familyOfProfile(configuration: Configuration): Promise<DeviceFamily | undefined> {
  const { checkConfiguredDevice } = await import('../../config/open-configured-device.ts')
  const { loadFamily } = await import('../../../devices/open.ts')
  const hsmType = await checkConfiguredDevice(configuration).catch(() => undefined)
  return hsmType === undefined ? undefined : loadFamily(hsmType)
}

/** The addons are optional: only YubiKey, Luna and nShield need the one, only the search for YubiKeys the other. */
const addonFinding = async (name: NativeAddon): Promise<readonly Finding[]> =>
  loadNativeAddon(name).then(
    () => [],
    ({ message, remedy }: DeviceError) => [
      { area: 'program', severity: 'warning', code: 'program.addons', message, remedy },
    ],
  )

/** Of a profile, what its family needs: one without a module of its vendor needs none. */
async function programFindings(family: DeviceFamily | undefined): Promise<readonly Finding[]> {
  const needed = family === undefined || family.searchLoadsModule === true ? NATIVE_ADDONS : []
  const missing = (await Promise.all(needed.map(addonFinding))).flat()
  const addons = needed.length > 0 && missing.length === 0 ? ', native addons present' : ''
  return [{ area: 'program', severity: 'ok', message: `Node.js ${process.version}${addons}` }, ...missing]
}

const NOT_ASKED: Finding = {
  area: 'order',
  severity: 'warning',
  code: 'order.not-asked',
  message: 'the CA was not asked for the balance: correct the address or the login in the profile first',
  remedy: 'Correct the problems above, then run it again.',
}

/** A try of a password is not spent on what cannot work: what is to be corrected stands above. */
const NOT_OPENED: Finding = {
  area: 'device',
  severity: 'warning',
  code: 'device.not-opened',
  message: 'the device was not opened: correct the URI, settings or secrets in the profile first',
  remedy: 'Correct the problems above, then run it again.',
}
