import { mkdtemp, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Device, DeviceError } from '../../../devices/device.ts'
import { loadNativeAddon, NATIVE_ADDONS, type NativeAddon } from '../../../devices/native-addon.ts'
import type { Configuration } from '../../config/configuration.ts'
import { type Finding, isBlocker, obstacleFinding } from '../../enrollment/plan/finding.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import { fileFault } from '../../files/bounded-file.ts'
import { isoDay } from '../../iso-day.ts'
import type { Command } from '../command.ts'
import { configure } from '../configure.ts'
import { RUN_OPTIONS, stateDirectoryOf } from '../enrolling.ts'
import { formatFinding } from '../format-finding.ts'
import { createServices, secretReading } from '../services.ts'

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
    const findings: Finding[] = [...(await programFindings()), await stateFinding(stateDirectory)]
    if (profile !== undefined) {
      const { planFindings } = await import('../../enrollment/plan/plan-findings.ts')
      const { refuseUnworkableSteps } = await import('../../enrollment/plan/preflight.ts')
      const reading = secretReading(context)
      findings.push(...(await planFindings(configuration, reading)))
      const services = createServices(stateDirectory, context, args.flag('trace'))
      const workable = await refuseUnworkableSteps(configuration, 'key-generated', reading).then(
        () => true,
        () => false,
      )
      findings.push(
        ...(workable ? await deviceFindings(configuration, () => services.openDevice(configuration)) : [NOT_OPENED]),
      )
    }
    const blocked = findings.some(isBlocker)
    output.result({ ready: !blocked, findings }, () =>
      findings.map((finding) => formatFinding(finding, output)).join('\n'),
    )
    return blocked ? EXIT.refused : EXIT.done
  },
}

/** The addons are optional: only YubiKey, Luna and nShield need the one, only the search for YubiKeys the other. */
const addonFinding = async (name: NativeAddon): Promise<readonly Finding[]> =>
  loadNativeAddon(name).then(
    () => [],
    ({ message, remedy }: DeviceError) => [
      { area: 'program', severity: 'warning', code: 'program.addons', message, remedy },
    ],
  )

async function programFindings(): Promise<readonly Finding[]> {
  const missing = (await Promise.all(NATIVE_ADDONS.map(addonFinding))).flat()
  const addons = missing.length === 0 ? ', native addons present' : ''
  return [{ area: 'program', severity: 'ok', message: `Node.js ${process.version}${addons}` }, ...missing]
}

/**
 * A run begins with a folder of its own; a disk that takes none is found by making one, since permissions do not tell it all. It is
 * made where the state folder is, or would be made, and nothing of it stays.
 */
async function stateFinding(stateDirectory: string): Promise<Finding> {
  const runs = join(stateDirectory, 'runs')
  try {
    await rmdir(await mkdtemp(join(await nearestAbove(runs), '.hsm-enroll-')))
    return { area: 'program', severity: 'ok', message: `runs are stored in ${runs}` }
  } catch (error) {
    return {
      area: 'program',
      severity: 'blocker',
      code: 'program.state-directory',
      message: `Could not create a folder for runs in ${runs}: ${fileFault(error)}.`,
      remedy: 'Grant this user access to the folder, or set stateDirectory (or --state-directory) to another one.',
    }
  }
}

/** The path itself, or the nearest one above it that is there. */
async function nearestAbove(path: string): Promise<string> {
  try {
    await stat(path)
    return path
  } catch (error) {
    const above = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error
    return nearestAbove(above)
  }
}

/** A try of a password is not spent on what cannot work: what is to be corrected stands above. */
const NOT_OPENED: Finding = {
  area: 'device',
  severity: 'warning',
  code: 'device.not-opened',
  message: 'the device was not opened: correct the URI, settings or secrets in the profile first',
  remedy: 'Correct the problems above, then run it again.',
}

async function deviceFindings(configuration: Configuration, open: () => Promise<Device>): Promise<readonly Finding[]> {
  try {
    const device = await open()
    try {
      const description = await device.describe()
      const { knowledgeInForce } = await import('../../config/knowledge-in-force.ts')
      const { describedDeviceFindings } = await import('../../enrollment/plan/known-findings.ts')
      const { vendor, model, serial, firmware, details = {} } = description
      const known = { day: isoDay(Date.now()), knowledge: await knowledgeInForce(configuration) }
      const name = [vendor, model, ...(serial === undefined ? [] : [serial])].join(' ')
      const facts = Object.entries(details).map(([label, value]) => `${label}: ${value}`)
      return [
        {
          area: 'device',
          severity: 'ok',
          message: `${name}, firmware ${firmware ?? 'unknown'}`,
        },
        ...facts.map((message): Finding => ({ area: 'device', severity: 'ok', message })),
        ...describedDeviceFindings(description, configuration, known),
        ...description.obstacles.map(obstacleFinding),
      ]
    } finally {
      await device.close()
    }
  } catch (error) {
    if (!(error instanceof DeviceError) && !(error instanceof EnrollError)) throw error
    return [{ area: 'device', severity: 'blocker', code: error.code, message: error.message, remedy: error.remedy }]
  }
}
