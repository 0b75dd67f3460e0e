import { type Configuration, type ConfigurationSources, loadConfiguration } from '../config/configuration.ts'
import type { RawValue } from '../config/configuration-file.ts'
import type { Arguments, CommandContext } from './command.ts'

/** Flags that stand for settings, on every command that reads a profile. */
export const PROFILE_OPTIONS = {
  'state-directory': { type: 'string', describe: 'where run folders are kept' },
  'trust-anchors': { type: 'string', array: true, describe: 'files with trust anchors of your own' },
  device: { type: 'string', describe: 'device URI' },
  endpoint: { type: 'string', describe: 'base address of the CA' },
  'ca-file': { type: 'string', describe: 'PEM certificates to trust for the connection to the CA' },
} as const

/** Setting paths that the flags of `PROFILE_OPTIONS` stand for; undefined where a flag was not given. */
export function flagSettings(args: Arguments): Readonly<Record<string, RawValue | undefined>> {
  const anchors = args.list('trust-anchors')
  return {
    stateDirectory: args.text('state-directory'),
    trustAnchors: anchors.length === 0 ? undefined : anchors,
    'device.uri': args.text('device'),
    'sectigo.endpoint': args.text('endpoint'),
    'sectigo.caFile': args.text('ca-file'),
  }
}

export function configure(
  args: Arguments,
  context: CommandContext,
  more: ConfigurationSources = {},
): Promise<Configuration> {
  return loadConfiguration({ flags: flagSettings(args), env: context.env, cwd: context.cwd, ...more })
}
