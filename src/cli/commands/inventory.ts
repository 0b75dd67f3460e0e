import { DeviceError } from '../../../devices/device.ts'
import type { DeviceScan, ScanFinding, ScannedKey } from '../../enrollment/inventory/scan-device.ts'
import { EnrollError, EXIT, type ExitCode } from '../../errors.ts'
import type { Arguments, Command, CommandContext, CommandGroup } from '../command.ts'
import { configure, STATE_OPTIONS } from '../configure.ts'
import { PIN_OPTION, TRACE_OPTION } from '../enrolling.ts'
import type { Failure } from '../output.ts'
import { servicesFor } from '../services.ts'

const scan: Command = {
  command: 'scan <profiles..>',
  summary: 'compare the keys on devices with the ledger: unknown, gone, replaced by hand',
  positionals: { profiles: { type: 'string', array: true, describe: 'profiles with a device section' } },
  options: { ...STATE_OPTIONS, ...PIN_OPTION, ...TRACE_OPTION },
  run: async (args, context) => {
    const scans: { readonly profile: string; readonly scan?: DeviceScan; readonly error?: Failure }[] = []
    const { failureOf, tellError } = await import('../report-error.ts')
    let worst: ExitCode = EXIT.done
    for (const profile of args.list('profiles')) {
      try {
        const found = await scanProfile(profile, args, context)
        scans.push({ profile, scan: found })
        if (found.keys.some(({ finding }) => DIFFERS.includes(finding)))
          worst = Math.max(worst, EXIT.refused) as ExitCode
      } catch (caught) {
        if (!(caught instanceof EnrollError) && !(caught instanceof DeviceError)) throw caught
        const { code, message, remedy, exitCode } = failureOf(caught)
        const error = { code, message, remedy, exitCode }
        tellError(error, context.output)
        scans.push({ profile, error })
        worst = Math.max(worst, exitCode) as ExitCode
      }
    }
    const { formatTable } = await import('../table.ts')
    context.output.result({ scans: scans.map(({ scan: found, ...rest }) => ({ ...rest, ...toJson(found) })) }, () =>
      scans
        .flatMap(({ profile, scan: found }) => (found === undefined ? [] : [[profile, found] as const]))
        .map(([profile, { device, complete, keys }]) =>
          [
            `${profile}: ${device}${complete ? '' : ' (does not list its keys: only those of the ledger were looked up)'}`,
            keys.length === 0
              ? 'no keys'
              : formatTable(
                  ['KEY', 'FOUND', 'RUN', 'SPKI SHA-256', 'REMARK'],
                  keys.map((key) => [
                    key.location,
                    key.finding,
                    key.known?.run ?? 'none',
                    key.spkiSha256?.slice(0, 16) ?? '',
                    key.detail ?? REMARKS[key.finding],
                  ]),
                ),
          ].join('\n'),
        )
        .join('\n\n'),
    )
    return worst
  },
}

async function scanProfile(profile: string, args: Arguments, context: CommandContext): Promise<DeviceScan> {
  const { scanDevice } = await import('../../enrollment/inventory/scan-device.ts')
  const configuration = await configure(args, context, { profile })
  const services = servicesFor(configuration, args, context)
  const device = await services.openDevice(configuration)
  try {
    return await scanDevice(device, services)
  } finally {
    await device.close()
  }
}

const DIFFERS: readonly ScanFinding[] = ['gone', 'replaced', 'unread']

const REMARKS: Readonly<Record<ScanFinding, string>> = {
  known: '',
  unknown: 'no run in the ledger generated it',
  gone: 'the ledger has it, the device does not',
  replaced: 'another key is here than the run generated',
  unread: 'it cannot be read',
}

const toJson = (found: DeviceScan | undefined): object =>
  found === undefined ? {} : { device: found.device, complete: found.complete, keys: found.keys.map(keyToJson) }

const keyToJson = ({ location, finding, spkiSha256, known, detail }: ScannedKey): object => ({
  location,
  finding,
  spkiSha256,
  run: known?.run,
  state: known?.record?.state,
  expectedSpkiSha256: finding === 'replaced' ? known?.spkiSha256 : undefined,
  detail,
})

export const inventory: CommandGroup = {
  name: 'inventory',
  summary: 'what is on devices, compared with the ledger',
  commands: [scan],
}
