/** What the commands that move a run have in common: services, confirmation, and the last word. */
import type { Configuration } from '../config/configuration.ts'
import type { AdvanceOptions } from '../enrollment/advance.ts'
import type { Enrollment } from '../enrollment/enroll.ts'
import type { OpenRun, Run } from '../enrollment/run.ts'
import { EnrollError, type ExitCode } from '../errors.ts'
import type { Arguments, CommandContext } from './command.ts'
import { configureRun, PROFILE_OPTIONS, RUN_PROFILE_OPTION } from './configure.ts'
import { createServices } from './services.ts'

export const TRACE_OPTION = {
  trace: { type: 'boolean', describe: 'every call to the device and the CA on stderr, without secrets' },
} as const

/** For every command that logs in to a device. */
export const PIN_OPTION = {
  'try-pin-again': {
    type: 'boolean',
    describe: 'send the PIN again although the last one was wrong, because you have checked it',
  },
} as const

export const RUN_OPTIONS = {
  ...PROFILE_OPTIONS,
  'replace-key': {
    type: 'string',
    describe: 'existing key that may be replaced, by the location `keys list` prints (for example 9c)',
  },
  abandon: {
    type: 'string',
    array: true,
    describe: 'with --replace-key: a run that may lose its key, and the order that it paid for',
  },
  ...PIN_OPTION,
  ...TRACE_OPTION,
} as const

/** For the commands that go on with a run. */
export const EXISTING_RUN_OPTIONS = { ...RUN_OPTIONS, ...RUN_PROFILE_OPTION } as const

export const ORDER_OPTIONS = {
  yes: { type: 'boolean', alias: ['confirm', 'y'], describe: 'place the paid order without asking' },
  wait: { type: 'boolean', describe: 'wait until the CA has issued' },
} as const

export function stateDirectoryOf(configuration: Configuration): string {
  return configuration.required('stateDirectory')
}

/** Asks a person before money moves; a test order is free. Throws EnrollError where nobody can be asked. */
export function confirmOrder(args: Arguments, context: CommandContext): (run: OpenRun) => Promise<boolean> {
  return async (run) => {
    if (args.flag('yes') || run.record.test) return true
    if (!context.interactive) {
      throw new EnrollError('order.unconfirmed', 'Could not place the order: paid orders must be confirmed.', {
        remedy: `Add --yes, or continue in a terminal with \`hsm-enroll runs resume ${run.id}\`.`,
      })
    }
    const { orderQuestion } = await import('./order-question.ts')
    const { promptYes } = await import('./prompt.ts')
    return promptYes(orderQuestion(run.configuration), context.signal)
  }
}

/** What the command line says of a key that is to be replaced: a person at a terminal is asked. */
export const replacementWish = (
  args: Arguments,
  context: CommandContext,
): Pick<AdvanceOptions, 'abandon' | 'confirmReplacement'> => ({
  abandon: args.list('abandon'),
  confirmReplacement:
    context.interactive && !args.flag('yes')
      ? async (_run, loss) => {
          const { promptYes } = await import('./prompt.ts')
          return promptYes(`Replace ${loss}?`, context.signal)
        }
      : undefined,
})

/** What the command line says of the order of a new run; without a yes and without anybody to ask, it is refused before it begins. */
export const orderWish = (
  args: Arguments,
  context: CommandContext,
): Pick<Enrollment, 'test' | 'wait' | 'confirm' | 'abandon' | 'confirmReplacement'> => {
  const test = args.flag('test')
  const confirm = test || args.flag('yes') || context.interactive ? confirmOrder(args, context) : undefined
  return { test, wait: args.flag('wait'), confirm, ...replacementWish(args, context) }
}

/** Moves the run and prints it. The exit code says where it stands now. */
export async function advanceAndShow(
  run: Run,
  options: AdvanceOptions,
  context: CommandContext,
  beforeShown: () => Promise<void> = async () => undefined,
): Promise<ExitCode> {
  const { advance } = await import('../enrollment/advance.ts')
  context.output.belongsTo(run.id)
  context.output.progress(`run ${run.id} in ${run.folder.path}`)
  const { showRun, withProfile } = await import('./run-view.ts')
  const exitCode = await advance(run, options).catch((error: unknown) => {
    context.output.progress(
      run.isDiscardedAfter(error)
        ? `Nothing was generated or ordered; the run ${run.id} was deleted.`
        : run.record.state === 'abandoned'
          ? `The run ${run.id} was given up.`
          : `The run was saved. Continue with \`hsm-enroll runs resume ${run.id}\` (if you edited the profile, add ${withProfile(run.record)}).`,
    )
    throw error
  })
  await beforeShown()
  showRun(run.summary, context.output)
  return exitCode
}

/** Opens the run that `<run>` names, with what flags, environment and a corrected profile change of it. */
export async function withExistingRun<T>(
  args: Arguments,
  context: CommandContext,
  action: (run: Run) => Promise<T>,
): Promise<T> {
  const { withRun } = await import('../enrollment/run.ts')
  const { configuration, changes } = await configureRun(args, context, args.text('profile'))
  const services = createServices(configuration, context, args.flag('trace'), args.flag('try-pin-again'))
  return withRun(
    args.required('run'),
    services,
    (run) => {
      context.output.belongsTo(run.id)
      return action(run)
    },
    changes,
  )
}
