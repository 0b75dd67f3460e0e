import { EXIT, withRemedy } from '../../errors.ts'
import { HSM_TYPES, type HsmType } from '../../hsm-type.ts'
import type { Command } from '../command.ts'
import { configure, PROFILE_OPTIONS } from '../configure.ts'
import type { SearchEnd } from '../search-in-child.ts'

export const devices: Command = {
  command: 'devices [profile]',
  summary: 'list the attached and configured devices',
  positionals: {
    profile: {
      type: 'string',
      describe: 'profile whose device URI and settings say where to look for devices of its family',
    },
  },
  options: {
    ...PROFILE_OPTIONS,
    'hsm-type': { type: 'string', array: true, choices: HSM_TYPES, describe: 'look for these families only' },
    // For `devices` itself: the one family that this process searches for another.
    only: { type: 'string', choices: HSM_TYPES, hidden: true },
  },
  run: async (args, { output, ...context }) => {
    const { discoverDevices, familyOf, loadFamily } = await import('../../../devices/open.ts')
    const { deviceProfile, deviceSettings } = await import('../../config/profile.ts')
    const { searchInChild } = await import('../search-in-child.ts')
    const { formatTable } = await import('../table.ts')
    const profile = args.text('profile')
    const configuration = await configure(args, { output, ...context }, profile === undefined ? {} : { profile })
    const where =
      configuration.text('device.uri') === undefined
        ? { settings: deviceSettings(configuration) }
        : deviceProfile(configuration)
    if ('uri' in where) familyOf(where.uri, where.hsmType)
    const only = args.list('only')
    const named = only.length > 0 ? only : args.list('hsm-type')
    const chosen = HSM_TYPES.filter((hsmType) => named.length === 0 || named.includes(hsmType))
    const search = async (hsmType: HsmType): Promise<SearchEnd> => {
      const { searchLoadsModule } = await loadFamily(hsmType)
      if (searchLoadsModule === true && only.length === 0) return searchInChild(hsmType, context.signal)
      const found = await discoverDevices({ ...where, signal: context.signal, hsmTypes: [hsmType] })
      return found.get(hsmType) ?? { devices: [], trail: [] }
    }
    const found = new Map(await Promise.all(chosen.map(async (hsmType) => [hsmType, await search(hsmType)] as const)))
    // The table tells of what was found; a family that could not be searched must not look like an absent one.
    for (const [hsmType, { givenUp, trail }] of found)
      if (givenUp) output.progress(`warning: ${hsmType}: ${trail.join(' ')}`)
    const all = [...found.values()].flatMap((discovery) => discovery.devices)
    const trails = Object.fromEntries([...found].map(([hsmType, { trail }]) => [hsmType, trail]))
    const givenUp = [...found].flatMap(([hsmType, end]) => (end.givenUp ? [hsmType] : []))
    output.result({ devices: all, trails, givenUp }, () =>
      [
        all.length === 0
          ? 'no device found'
          : formatTable(
              ['FAMILY', 'MODEL', 'SERIAL', 'FIRMWARE', 'FIPS', 'URI'],
              all.map((d) => [d.hsmType, d.model, d.serial ?? '', d.firmware ?? '', d.fips ?? '', d.uri]),
            ),
        ...all.flatMap((d) => d.obstacles.map((o) => `${o.severity}: ${d.uri}: ${withRemedy(o.message, o.remedy)}`)),
        ...(all.length === 0
          ? Object.entries(trails).flatMap(([hsmType, trail]) => trail.map((line) => `  ${hsmType}: ${line}`))
          : []),
      ].join('\n'),
    )
    return EXIT.done
  },
}
