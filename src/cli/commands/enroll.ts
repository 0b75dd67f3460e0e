import type { Command } from '../command.ts'
import { configure } from '../configure.ts'
import { advanceAndShow, confirmOrder, ORDER_OPTIONS, RUN_OPTIONS, stateDirectoryOf } from '../enrolling.ts'
import { createServices, secretReading } from '../services.ts'

export const enroll: Command = {
  command: 'enroll <profile>',
  summary: 'the whole run: key, request, attestation, check, order, certificate',
  positionals: { profile: { type: 'string', describe: 'profile file, or the name of one in the profiles folder' } },
  options: {
    ...RUN_OPTIONS,
    ...ORDER_OPTIONS,
    test: { type: 'boolean', describe: 'place a test order (test=Y): not billed, signed by an untrusted chain' },
    new: { type: 'boolean', describe: 'begin even though an unfinished run of this profile exists' },
  },
  examples: [['$0 enroll signing.yaml --test', 'rehearse everything with a test order']],
  run: async (args, context) => {
    const { withNewRun } = await import('../../enrollment/run.ts')
    const { beginOnlyRun } = await import('../../enrollment/begin-only-run.ts')
    const { refuseUnworkable } = await import('../../enrollment/plan/preflight.ts')
    const profile = args.required('profile')
    const configuration = await configure(args, context, { profile })
    const stateDirectory = stateDirectoryOf(configuration)
    const test = args.flag('test')
    await refuseUnworkable(configuration, {
      reading: secretReading(context),
      confirmed: test || args.flag('yes'),
    })
    const name = configuration.profile ?? profile
    const services = createServices(stateDirectory, context, args.flag('trace'))
    const begin = () =>
      withNewRun({ configuration, profile: name, test, device: true }, services, (run) =>
        advanceAndShow(run, { wait: args.flag('wait'), confirm: confirmOrder(args, context) }, context),
      )
    return args.flag('new') ? begin() : beginOnlyRun({ stateDirectory, profile: name, test }, begin)
  },
}
