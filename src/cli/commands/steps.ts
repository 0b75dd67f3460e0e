/** `keygen`, `csr` and `attest`: the first steps of a run, one by one. Each begins a run, or goes on with the one that is named. */
import type { RunState } from '../../enrollment/run-event.ts'
import type { Command } from '../command.ts'
import { configure } from '../configure.ts'
import { advanceAndShow, RUN_OPTIONS, stateDirectoryOf, withExistingRun } from '../enrolling.ts'
import { createServices, secretReading } from '../services.ts'

function step(name: string, summary: string, until: RunState): Command {
  return {
    command: `${name} [profile]`,
    summary,
    positionals: { profile: { type: 'string', describe: 'profile file or name' } },
    options: { ...RUN_OPTIONS, run: { type: 'string', describe: 'go on with this run instead of beginning one' } },
    run: async (args, context) => {
      if (args.text('run') !== undefined) {
        return withExistingRun(args, context, (opened) => advanceAndShow(opened, { until }, context))
      }
      const { withNewRun } = await import('../../enrollment/run.ts')
      const { refuseUnworkableSteps } = await import('../../enrollment/plan/preflight.ts')
      const profile = args.text('profile')
      const configuration = await configure(args, context, profile === undefined ? {} : { profile })
      await refuseUnworkableSteps(configuration, until, secretReading(context))
      const services = createServices(stateDirectoryOf(configuration), context, args.flag('trace'))
      return withNewRun(
        {
          configuration,
          ...(configuration.profile === undefined ? {} : { profile: configuration.profile }),
          test: false,
          device: true,
        },
        services,
        (created) => advanceAndShow(created, { until }, context),
      )
    },
  }
}

export const keygen = step('keygen', 'generate a non-exportable key pair on the device, and stop', 'key-generated')
export const csr = step('csr', 'have the device sign a certificate request, and stop', 'csr-signed')
export const attest = step('attest', 'export the key attestation, and stop', 'attested')
