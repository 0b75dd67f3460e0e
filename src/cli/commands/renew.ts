import type { Configuration } from '../../config/configuration.ts'
import type { RenewalResult } from '../../enrollment/renewal/renew.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import { readPeriod } from '../../period.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { configure, configureState, STATE_PROFILE_OPTIONS } from '../configure.ts'
import {
  confirmOrder,
  ORDER_OPTIONS,
  PIN_OPTION,
  RUN_OPTIONS,
  replacementWish,
  stateDirectoryOf,
  TRACE_OPTION,
} from '../enrolling.ts'
import { createServices, servicesFor, tellEverything } from '../services.ts'

const { 'replace-key': _, ...RENEW_OPTIONS } = RUN_OPTIONS

export const renew: Command = {
  command: 'renew <profile>',
  summary: 'renew the key of a profile if its certificate ends soon; run it daily',
  positionals: { profile: { type: 'string', describe: 'profile, or a run of it (id, or the end of it)' } },
  options: {
    ...RENEW_OPTIONS,
    before: { type: 'string', describe: 'how long before the end: 30d; default: renewal.before of the profile' },
    yes: ORDER_OPTIONS.yes,
    test: { type: 'boolean', describe: 'renew the rehearsal of the profile, by a rehearsal' },
    again: {
      type: 'boolean',
      describe: 'order again although the CA rejected the last renewal: another key, another paid order',
    },
  },
  examples: [
    [
      '$0 renew signing.yaml --yes',
      'from a timer: exits with 0 if nothing is to do, 7 begun, 6 waiting, 8 a person must act',
    ],
  ],
  run: async (args, context) => {
    const { renew: renewProfile } = await import('../../enrollment/renewal/renew.ts')
    const { configuration, profile } = await configured(args, context)
    const services = servicesFor(configuration, args, context)
    const before = args.text('before')
    const mayOrder = args.flag('yes') || args.flag('test') || context.interactive
    const result = await renewProfile(
      {
        configuration,
        profile,
        test: args.flag('test'),
        again: args.flag('again'),
        ...(before === undefined ? {} : { before: readPeriod(before, '--before') }),
        ...(mayOrder ? { confirm: confirmOrder(args, context) } : {}),
        ...replacementWish(args, context),
      },
      services,
    )
    await tellEverything(services, configuration, profile)
    context.output.result({ profile, ...result }, () => renewalToText(result))
    return result.exitCode
  },
}

const renewalToText = ({ outcome, detail, remedy, run }: RenewalResult): string =>
  [
    `${outcome}${run === undefined ? '' : ` (run ${run})`}: ${detail}`,
    ...(remedy === undefined ? [] : [`Try: ${remedy}`]),
  ].join('\n')

/** The profile itself; or of a run, the profile that it was begun with, if that is still there, or else what it was planned with. */
async function configured(args: Arguments, context: CommandContext): Promise<Configured> {
  const name = args.required('profile')
  return (await ofProfile(name, args, context)) ?? (await ofRun(name, args, context)) ?? refuseUnknown(name)
}

interface Configured {
  readonly configuration: Configuration
  readonly profile: string
}

async function ofProfile(name: string, args: Arguments, context: CommandContext): Promise<Configured | undefined> {
  try {
    const configuration = await configure(args, context, { profile: name })
    return { configuration, profile: configuration.profile ?? name }
  } catch (error) {
    if (error instanceof EnrollError && error.code === 'config.no-profile') return undefined
    throw error
  }
}

async function ofRun(name: string, args: Arguments, context: CommandContext): Promise<Configured | undefined> {
  const { listRunIds } = await import('../../enrollment/run-folder.ts')
  const { readRun } = await import('../../enrollment/list-runs.ts')
  const { runConfiguration } = await import('../../enrollment/run-configuration.ts')
  const stateDirectory = stateDirectoryOf(await configure(args, context))
  const [id, ...others] = (await listRunIds(stateDirectory)).filter(
    (each) => each === name || each.endsWith(`-${name}`),
  )
  const { record } = id === undefined || others.length > 0 ? {} : await readRun(stateDirectory, id)
  if (id === undefined || record?.profile === undefined) return undefined
  const { profile, settings } = record
  return (
    (await ofProfile(profile, args, context)) ?? {
      configuration: runConfiguration(id, { ...settings, stateDirectory }),
      profile,
    }
  )
}

function refuseUnknown(name: string): never {
  throw new EnrollError('config.no-profile', `Could not find a profile or a run "${name}".`, {
    remedy: 'Specify the file of the profile, or a run as `hsm-enroll runs list` prints it.',
  })
}

const RUN = { run: { type: 'string', describe: 'run id, or the end of it' } } as const

export const switchTo: Command = {
  command: 'switch <run>',
  summary: 'record that signatures are made with the key of this run now',
  positionals: RUN,
  options: STATE_PROFILE_OPTIONS,
  run: async (args, context) => {
    const { recordSwitch } = await import('../../enrollment/renewal/retire.ts')
    const { userName } = await import('../../files/user-name.ts')
    const { showRun } = await import('../run-view.ts')
    const services = createServices(await configureState(args, context), context, false)
    showRun(await recordSwitch(args.required('run'), `operator ${userName()}`, services), context.output)
    return EXIT.done
  },
}

export const retireKey: Command = {
  command: 'retire <run>',
  summary: 'give up the key of a run after it was renewed, and delete it if the device deletes keys',
  positionals: RUN,
  options: {
    ...STATE_PROFILE_OPTIONS,
    ...PIN_OPTION,
    ...TRACE_OPTION,
    yes: { type: 'boolean', alias: ['confirm', 'y'], describe: 'do not ask' },
  },
  run: async (args, context) => {
    const { retire } = await import('../../enrollment/renewal/retire.ts')
    const { userName } = await import('../../files/user-name.ts')
    const { confirmChange } = await import('../sectigo-client.ts')
    const { showRun } = await import('../run-view.ts')
    const services = servicesFor(await configureState(args, context), args, context)
    const confirm = (question: string): Promise<void> => confirmChange(question, args, context)
    const { run, deleted } = await retire(
      args.required('run'),
      { operator: `operator ${userName()}`, confirm },
      services,
    )
    context.output.progress(
      deleted
        ? 'The key was deleted.'
        : 'The key stays on the device, which does not delete keys; its place may be taken.',
    )
    showRun(run, context.output)
    return EXIT.done
  },
}
