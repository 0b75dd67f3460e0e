import type { RawValue } from '../../config/configuration-file.ts'
import type { Setting } from '../../config/settings.ts'
import { EXIT } from '../../errors.ts'
import type { Command, CommandGroup } from '../command.ts'
import { configure, PROFILE_OPTIONS } from '../configure.ts'

const check: Command = {
  command: 'check [profile]',
  summary: 'show every setting in force, and where it comes from',
  positionals: { profile: { type: 'string', describe: 'profile file or name' } },
  options: PROFILE_OPTIONS,
  run: async (args, context) => {
    const { environmentName, SETTINGS, settingByPath } = await import('../../config/settings.ts')
    const { formatTable } = await import('../table.ts')
    const profile = args.text('profile')
    const configuration = await configure(args, context, profile === undefined ? {} : { profile })
    const valueAt = ({ path, type }: Setting): RawValue | undefined => {
      if (!configuration.values.has(path)) return undefined
      return type === 'list' || type === 'files' ? configuration.list(path) : configuration.text(path)
    }
    const known = SETTINGS.map((setting) => ({
      path: setting.path,
      value: valueAt(setting),
      origin: configuration.values.get(setting.path)?.origin,
      environment: environmentName(setting.path),
      description: setting.description,
    }))
    const others = (['device', 'order'] as const).flatMap((section) =>
      [...configuration.section(section)].map(([name, { value, origin }]) => ({
        path: `${section}.${name}`,
        value,
        origin,
        environment: undefined,
        description: section === 'order' ? 'order form parameter' : 'setting of the device family',
      })),
    )
    const settings = [...known, ...others]
    const choice = (path: string): string => {
      const allowed = settingByPath.get(path)?.allowed
      return allowed === undefined ? '' : ` (${allowed.join(', ')})`
    }
    const inForce = settings.filter(({ value }) => value !== undefined)
    const unset = settings.filter(({ value }) => value === undefined)
    context.output.result({ settings }, () =>
      [
        formatTable(
          ['SETTING', 'VALUE', 'FROM'],
          inForce.map(({ path, value = '', origin }) => [
            path,
            typeof value === 'string' ? value : value.join(','),
            origin ?? '',
          ]),
        ),
        '',
        formatTable(
          ['NOT SET', 'WHAT IT IS'],
          unset.map(({ path, description }) => [path, `${description}${choice(path)}`]),
        ),
        '',
        `A setting can also come from the environment: ${environmentName('device.uri')} sets device.uri.`,
      ].join('\n'),
    )
    return EXIT.done
  },
}

export const config: CommandGroup = { name: 'config', summary: 'profiles and configuration files', commands: [check] }
