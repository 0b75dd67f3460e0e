import type { Configuration, ConfigurationSources } from '../config/configuration.ts'
import type { RawValue } from '../config/configuration-file.ts'
import type { RunChanges } from '../enrollment/run.ts'
import type { Arguments, CommandContext } from './command.ts'

/** Flags that stand for settings, in pieces: a command offers those that mean something to it. */
export const STATE_OPTIONS = {
  'state-directory': { type: 'string', describe: 'folder of the run folders' },
} as const
export const TRUST_OPTIONS = {
  'trust-anchors': { type: 'string', array: true, describe: 'files with your own trust anchors' },
} as const
/** Of `check` and `inspect`. */
export const PKIX_EVIDENCE_OPTION = {
  'pkix-evidence': {
    type: 'boolean',
    describe: 'also read PKIX evidence (draft-ietf-rats-pkix-key-attestation), which counts for no verdict',
  },
} as const
export const CA_OPTIONS = {
  endpoint: { type: 'string', describe: 'base address of the CA' },
  'ca-file': { type: 'string', describe: 'PEM certificates to trust for the connection to the CA' },
} as const

/** All of them, on the commands that read a whole profile. */
export const PROFILE_OPTIONS = {
  ...STATE_OPTIONS,
  ...TRUST_OPTIONS,
  device: { type: 'string', describe: 'device URI' },
  ...CA_OPTIONS,
} as const

/** Setting paths that the flags of `PROFILE_OPTIONS` stand for; undefined where a flag was not given. */
function flagSettings(args: Arguments): Readonly<Record<string, RawValue | undefined>> {
  const anchors = args.list('trust-anchors')
  return {
    stateDirectory: args.text('state-directory'),
    trustAnchors: anchors.length === 0 ? undefined : anchors,
    'device.uri': args.text('device'),
    'key.replaceKey': args.text('replace-key'),
    'request.attestation': attestationForms(args),
    'request.attestationType': args.text('attestation-type'),
    'sectigo.endpoint': args.text('endpoint'),
    'sectigo.caFile': args.text('ca-file'),
  }
}

/** A flag without a form asks for the standard one. */
function attestationForms(args: Arguments): readonly string[] | undefined {
  const forms = args.list('attestation-form')
  if (forms.length > 0) return forms
  return args.flag('with-attestation') ? ['bundle'] : undefined
}

export async function configure(
  args: Arguments,
  context: CommandContext,
  more: ConfigurationSources = {},
): Promise<Configuration> {
  // Every value is looked through for private keys, which takes all readers of files: not for `--help`.
  const { loadConfiguration } = await import('../config/configuration.ts')
  const configuration = await loadConfiguration({
    env: context.env,
    cwd: context.cwd,
    ...more,
    flags: { ...flagSettings(args), ...more.flags },
  })
  const state = configuration.values.get('stateDirectory')
  const own = state?.layer === 'flag' || state?.layer === 'profile'
  context.output.isIn({
    ...(own ? { stateDirectory: configuration.required('stateDirectory') } : {}),
    ...(more.profile === undefined ? {} : { profile: more.profile }),
  })
  return configuration
}

/** On the commands that only look into the state folder: where it is may stand in a profile. */
export const STATE_PROFILE_OPTIONS = {
  ...STATE_OPTIONS,
  profile: { type: 'string', describe: 'profile whose stateDirectory to look into' },
} as const

/** Their configuration. */
export const configureState = (args: Arguments, context: CommandContext): Promise<Configuration> =>
  configure(args, context, { profile: args.text('profile') })

/** On the commands that go on with a run: a corrected profile replaces what the run was planned with. */
export const RUN_PROFILE_OPTION = {
  profile: { type: 'string', describe: 'corrected profile; from now on its values replace those of the run' },
} as const

/** Where runs are kept, and what replaces single settings of a run: a profile named again, the environment, flags. */
export async function configureRun(
  args: Arguments,
  context: CommandContext,
  profile?: string,
): Promise<{ readonly configuration: Configuration; readonly changes: RunChanges }> {
  const configuration = await configure(args, context, profile === undefined ? {} : { profile })
  const chosen = [...configuration.values].filter(
    ([path, { layer }]) => path !== 'stateDirectory' && LATER.includes(layer),
  )
  return {
    configuration,
    changes: {
      settings: Object.fromEntries(chosen.map(([path, { value }]) => [path, value])),
      profile: configuration.profile,
    },
  }
}

const LATER: readonly string[] = ['profile', 'environment', 'flag']
