import { DeviceError } from '../../../devices/device.ts'
import type { KnownRun } from '../../enrollment/profile-runs.ts'
import type { RunState } from '../../enrollment/run-event.ts'
import { EnrollError, EXIT, type ExitCode } from '../../errors.ts'
import type { Command } from '../command.ts'
import { configure } from '../configure.ts'
import { ORDER_OPTIONS, orderWish, RUN_OPTIONS } from '../enrolling.ts'
import type { Failure } from '../output.ts'
import { servicesFor } from '../services.ts'
import { worseExit } from '../worse-exit.ts'

export const batch: Command = {
  command: 'batch <jobs>',
  summary: 'enrol several profiles, one after the other; prints one line each (with --json, JSON Lines)',
  positionals: {
    jobs: { type: 'string', describe: 'file with one profile per line; - for stdin; # starts a comment' },
  },
  options: {
    ...RUN_OPTIONS,
    ...ORDER_OPTIONS,
    test: { type: 'boolean', describe: 'place test orders' },
    'keep-going': {
      type: 'boolean',
      describe: 'continue after a profile that failed; never after a wrong PIN or a login that the CA refused',
    },
  },
  run: async (args, context) => {
    const { dirname, resolve } = await import('node:path')
    const { readInput } = await import('../../config/read-input.ts')
    const { beginRun } = await import('../../enrollment/enroll.ts')
    const { advance } = await import('../../enrollment/advance.ts')
    const { concernsLogin } = await import('../../enrollment/plan/ask-ca.ts')
    const { standingRun, whatNext } = await import('../../enrollment/open-runs.ts')
    const { profileMarks, settingsOf } = await import('../../enrollment/profile-marks.ts')
    const { exitCodeOf } = await import('../run-view.ts')
    const { failureOf, tellError } = await import('../report-error.ts')
    const file = args.required('jobs')
    const folder = file === '-' ? context.cwd : dirname(resolve(context.cwd, file))
    const { readTextFile } = await import('../../check/read/text-input.ts')
    const jobs = readTextFile(await readInput(file), 'the list of profiles')
      .split(/\r\n|\r|\n/)
      .map((line) => line.replace(/#.*/, '').trim())
      .filter((line) => line !== '')
    /** A batch that is run again has its rows of before: their runs say how far they came. */
    const earlierRun = async (caught: unknown, job: string): Promise<KnownRun | undefined> => {
      if (!(caught instanceof EnrollError) || !HAS_A_RUN.has(caught.code)) return undefined
      const configuration = await configure(args, context, { profile: resolve(folder, job) })
      const setting = servicesFor(configuration, args, context)
      const marks = profileMarks(configuration.profile ?? job, settingsOf(configuration))
      return standingRun(setting, marks, args.flag('test'))
    }
    let worst: ExitCode = EXIT.done
    for (const [index, job] of jobs.entries()) {
      let exitCode: ExitCode
      let run: string | undefined
      let state: RunState | undefined
      let error: Failure | undefined
      let ends = false
      let earlier = false
      try {
        const configuration = await configure(args, context, { profile: resolve(folder, job) })
        const services = servicesFor(configuration, args, context)
        const enrollment = { configuration, profile: configuration.profile ?? job, ...orderWish(args, context) }
        exitCode = await beginRun(enrollment, services, (created, options) => {
          run = created.id
          return advance(created, options)
            .catch((error: unknown) => {
              if (created.isDiscardedAfter(error)) run = undefined
              throw error
            })
            .finally(() => {
              state = run === undefined ? undefined : created.record.state
            })
        })
      } catch (caught) {
        if (!(caught instanceof EnrollError) && !(caught instanceof DeviceError)) throw caught
        const known = await earlierRun(caught, job)
        if (known === undefined) {
          const { code, message, remedy, exitCode: failed } = failureOf(caught)
          error = { code, message, remedy, exitCode: failed }
          exitCode = failed
          ends = SPENT_A_TRY.has(code) || concernsLogin(caught)
          tellError(error, context.output)
        } else {
          run = known.id
          state = known.record.state
          exitCode = exitCodeOf(known.record)
          earlier = true
          if (exitCode !== EXIT.done) context.output.progress(`${job}: ${whatNext(known.id, known.record)}`)
        }
      }
      context.output.line(
        { profile: job, run, state, exitCode, error },
        () =>
          `${job}: ${earlier ? `the run ${run} of before is ${state}` : (run ?? 'no run')}, exit ${exitCode}${error === undefined ? '' : ` (${error.code})`}`,
      )
      worst = worseExit(worst, exitCode)
      const left = jobs.slice(index + 1)
      const notStarted = (why: string): void => {
        if (left.length > 0) context.output.progress(`${why}; profiles that were not started: ${listed(left)}.`)
      }
      if (context.signal.aborted && left.length > 0) {
        notStarted('Stopped')
        return worseExit(worst, EXIT.pending)
      }
      // The next profile may name the same device, and would spend another try of its PIN; and it would meet the same CA.
      if (ends) {
        notStarted('Ended')
        break
      }
      if (exitCode !== EXIT.done && exitCode !== EXIT.pending && !args.flag('keep-going')) {
        notStarted(`Ended after ${job} (--keep-going goes on)`)
        break
      }
    }
    return worst
  },
}

/** How many, and the first of them by name. */
const listed = (jobs: readonly string[]): string =>
  `${jobs.length} (${jobs.slice(0, SHOWN).join(', ')}${jobs.length > SHOWN ? ', …' : ''})`

const SHOWN = 5

/** Refusals of a second run: the first one is what there is to say. */
const HAS_A_RUN: ReadonlySet<string> = new Set(['run.open', 'run.completed'])

const SPENT_A_TRY: ReadonlySet<string> = new Set(['pin.wrong', 'pin.locked'])
