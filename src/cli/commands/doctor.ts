import type { Obstacle } from '../../../devices/device.ts'
import { DeviceError } from '../../../devices/device.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import type { Command } from '../command.ts'
import { configure } from '../configure.ts'
import { RUN_OPTIONS, stateDirectoryOf } from '../enrolling.ts'
import { type Finding, formatFinding, isBlocker } from '../finding.ts'
import { createServices } from '../services.ts'

export const doctor: Command = {
  command: 'doctor [profile]',
  summary: 'what would stop an enrolment; with a profile, opens its device',
  positionals: { profile: { type: 'string', describe: 'profile file or name' } },
  options: RUN_OPTIONS,
  run: async (args, context) => {
    const { output } = context
    const profile = args.text('profile')
    const configuration = await configure(args, context, profile === undefined ? {} : { profile })
    const findings: Finding[] = [await programFinding()]
    if (profile !== undefined) {
      const { planFindings } = await import('../plan-findings.ts')
      findings.push(...(await planFindings(configuration)))
      const services = createServices(stateDirectoryOf(configuration), context, args.flag('trace'))
      findings.push(...(await deviceFindings(() => services.openDevice(configuration))))
    }
    const blocked = findings.some(isBlocker)
    output.result({ ready: !blocked, findings }, () =>
      findings.map((finding) => formatFinding(finding, output)).join('\n'),
    )
    return blocked ? EXIT.refused : EXIT.done
  },
}

async function programFinding(): Promise<Finding> {
  const missing: string[] = []
  for (const addon of ['graphene-pk11', 'node-hid']) await import(addon).catch(() => missing.push(addon))
  return missing.length === 0
    ? { area: 'program', severity: 'ok', message: `Node.js ${process.version}, native addons present` }
    : {
        area: 'program',
        severity: 'warning',
        code: 'program.addons',
        message: `native addons not installed: ${missing.join(', ')}`,
        remedy:
          'Only PKCS#11 devices and USB discovery need them; install a C++ compiler, make and python3, then install hsm-enroll again.',
      }
}

async function deviceFindings(
  open: () => Promise<import('../../../devices/device.ts').Device>,
): Promise<readonly Finding[]> {
  try {
    const device = await open()
    try {
      const description = await device.describe()
      const { vendor, model, serial, firmware, fips, details = {} } = description
      const name = [vendor, model, ...(serial === undefined ? [] : [serial])].join(' ')
      const facts = Object.entries(details).map(([label, value]) => `${label}: ${value}`)
      return [
        {
          area: 'device',
          severity: 'ok',
          message: `${name}, firmware ${firmware ?? 'unknown'}, FIPS ${fips}`,
        },
        ...facts.map((message): Finding => ({ area: 'device', severity: 'ok', message })),
        ...description.obstacles.map(fromObstacle),
      ]
    } finally {
      await device.close()
    }
  } catch (error) {
    if (!(error instanceof DeviceError) && !(error instanceof EnrollError)) throw error
    return [{ area: 'device', severity: 'blocker', code: error.code, message: error.message, remedy: error.remedy }]
  }
}

const fromObstacle = ({ severity, code, message, remedy }: Obstacle): Finding => ({
  area: 'device',
  severity,
  code,
  message,
  remedy,
})
