import { EnrollError, EXIT, type ExitCode } from '../../errors.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { configureState, RUN_PROFILE_OPTION } from '../configure.ts'
import {
  advanceAndShow,
  confirmOrder,
  EXISTING_RUN_OPTIONS,
  ORDER_OPTIONS,
  replacementWish,
  withExistingRun,
} from '../enrolling.ts'
import { servicesFor, tellEverything } from '../services.ts'

export const resume: Command = {
  command: 'resume [run]',
  summary: 'continue a run from where it stopped; with --all every run that can go on',
  positionals: { run: { type: 'string', describe: 'run id, or the end of it' } },
  options: {
    ...EXISTING_RUN_OPTIONS,
    ...ORDER_OPTIONS,
    profile: {
      type: 'string',
      describe: `${RUN_PROFILE_OPTION.profile.describe}; with --all: profile whose stateDirectory to look into`,
    },
    'order-again': { type: 'boolean', describe: 'after a refusal by the CA: place a new order with the same key' },
    all: { type: 'boolean', describe: 'every run that can go on, a JSON line each; orders are placed only with --yes' },
  },
  examples: [['$0 runs resume --all', 'from a timer: asks the CA for what it has issued, and installs it']],
  run: async (args, context) => {
    const all = args.flag('all')
    if (all === (args.text('run') !== undefined)) {
      throw new EnrollError('usage', 'Specify either a run or --all.', {
        remedy: 'List the runs with `hsm-enroll runs list`.',
      })
    }
    if (all) return resumeEvery(args, context)
    return withExistingRun(args, context, (run) =>
      advanceAndShow(
        run,
        {
          wait: args.flag('wait'),
          orderAgain: args.flag('order-again'),
          confirm: confirmOrder(args, context),
          ...replacementWish(args, context),
        },
        context,
      ),
    )
  },
}

/** What is a person's word on one run. */
const OF_ONE_RUN = ['order-again', 'replace-key', 'abandon', 'wait'] as const

async function resumeEvery(args: Arguments, context: CommandContext): Promise<ExitCode> {
  const { resumeAll } = await import('../../enrollment/resume-all.ts')
  const { worseExit } = await import('../worse-exit.ts')
  const { failureOf, tellError } = await import('../report-error.ts')
  const single = OF_ONE_RUN.find((name) => args.flag(name) || args.list(name).length > 0)
  if (single !== undefined) {
    throw new EnrollError('usage', `Could not continue all runs with --${single}: it is meant for one.`, {
      remedy: 'Specify the run in place of --all.',
    })
  }
  const configuration = await configureState(args, context)
  const services = servicesFor(configuration, args, context)
  const confirm = args.flag('yes') ? { confirm: confirmOrder(args, context) } : {}
  let worst: ExitCode = EXIT.done
  for await (const { error: caught, ...resumed } of resumeAll(services, { ...confirm, patient: true })) {
    const error = caught === undefined ? undefined : failureOf(caught)
    if (error !== undefined) tellError(error, context.output)
    const { code, message, remedy } = error ?? {}
    const exitCode = error?.exitCode ?? resumed.exitCode
    context.output.line(
      { ...resumed, exitCode, error: error === undefined ? undefined : { code, message, remedy, exitCode } },
      () =>
        `${resumed.run}: ${resumed.state ?? 'not opened'}, exit ${exitCode}${error === undefined ? '' : ` (${code})`}`,
    )
    worst = worseExit(worst, exitCode)
  }
  await tellEverything(services, configuration, configuration.profile)
  if (worst === EXIT.done) {
    context.output.progress('Nothing is left to continue without a person; `hsm-enroll runs list` shows every run.')
  }
  return worst
}
