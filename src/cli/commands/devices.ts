import { EXIT } from '../../errors.ts'
import { HSM_TYPES, type HsmType } from '../../hsm-type.ts'
import type { Command } from '../command.ts'
import { configure, PROFILE_OPTIONS } from '../configure.ts'

export const devices: Command = {
  command: 'devices [profile]',
  summary: 'what is attached and configured',
  positionals: { profile: { type: 'string', describe: 'profile whose device settings to use' } },
  options: {
    ...PROFILE_OPTIONS,
    'hsm-type': { type: 'string', array: true, choices: HSM_TYPES, describe: 'look for these families only' },
  },
  run: async (args, { output, ...context }) => {
    const { discoverDevices } = await import('../../../devices/open.ts')
    const { deviceSettings } = await import('../../config/profile.ts')
    const { formatTable } = await import('../table.ts')
    const profile = args.text('profile')
    const configuration = await configure(args, { output, ...context }, profile === undefined ? {} : { profile })
    const chosen = args
      .list('hsm-type')
      .filter((name): name is HsmType => (HSM_TYPES as readonly string[]).includes(name))
    const found = await discoverDevices({
      settings: deviceSettings(configuration),
      signal: context.signal,
      ...(chosen.length === 0 ? {} : { hsmTypes: chosen }),
    })
    const all = [...found.values()].flatMap((discovery) => discovery.devices)
    const trails = Object.fromEntries([...found].map(([hsmType, { trail }]) => [hsmType, trail]))
    output.result({ devices: all, trails }, () =>
      [
        all.length === 0
          ? 'no device found'
          : formatTable(
              ['FAMILY', 'MODEL', 'SERIAL', 'FIRMWARE', 'FIPS', 'URI'],
              all.map((d) => [d.hsmType, d.model, d.serial ?? '', d.firmware ?? '', d.fips ?? '', d.uri]),
            ),
        ...all.flatMap((d) => d.obstacles.map((o) => `${o.severity}: ${d.uri}: ${o.message} Try: ${o.remedy}`)),
        ...(all.length === 0
          ? Object.entries(trails).flatMap(([hsmType, trail]) => trail.map((line) => `  ${hsmType}: ${line}`))
          : []),
      ].join('\n'),
    )
    return EXIT.done
  },
}
