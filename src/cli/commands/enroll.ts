import type { Command } from '../command.ts'
import { configure } from '../configure.ts'
import { advanceAndShow, confirmOrder, ORDER_OPTIONS, RUN_OPTIONS, stateDirectoryOf } from '../enrolling.ts'
import { createServices } from '../services.ts'

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
    const { resolve } = await import('node:path')
    const { withNewRun } = await import('../../enrollment/run.ts')
    const { refuseOpenRun } = await import('../../enrollment/open-runs.ts')
    const { requestTemplate } = await import('../../config/profile.ts')
    const { hsmTypeOf } = await import('../../enrollment/order-form.ts')
    const profile = args.required('profile')
    const configuration = await configure(args, context, { profile })
    const stateDirectory = stateDirectoryOf(configuration)
    const test = args.flag('test')
    // A profile that cannot work is refused before a run exists.
    requestTemplate(configuration)
    hsmTypeOf(configuration)
    const name = resolve(context.cwd, profile)
    if (!args.flag('new')) await refuseOpenRun(stateDirectory, name, test)
    const services = createServices(stateDirectory, context, args.flag('trace'))
    return withNewRun({ configuration, profile: name, test, device: true }, services, (run) =>
      advanceAndShow(run, { wait: args.flag('wait'), confirm: confirmOrder(args, context) }, context),
    )
  },
}
