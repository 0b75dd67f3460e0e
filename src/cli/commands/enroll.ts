import type { Command } from '../command.ts'
import { configure } from '../configure.ts'
import { advanceAndShow, ORDER_OPTIONS, orderWish, RUN_OPTIONS } from '../enrolling.ts'
import { servicesFor } from '../services.ts'

export const enroll: Command = {
  command: 'enroll <profile>',
  summary: 'do the whole run: key, request, attestation, check, order, certificate',
  positionals: { profile: { type: 'string', describe: 'profile file, or the name of one in the profiles folder' } },
  options: {
    ...RUN_OPTIONS,
    ...ORDER_OPTIONS,
    test: { type: 'boolean', describe: 'place a test order (test=Y): not billed, signed by an untrusted chain' },
    new: { type: 'boolean', describe: 'start a new run even if an unfinished run of this profile exists' },
  },
  examples: [['$0 enroll signing.yaml --test', 'rehearse everything with a test order']],
  run: async (args, context) => {
    const { beginRun } = await import('../../enrollment/enroll.ts')
    const profile = args.required('profile')
    const configuration = await configure(args, context, { profile })
    const services = servicesFor(configuration, args, context)
    return beginRun(
      {
        configuration,
        profile: configuration.profile ?? profile,
        another: args.flag('new'),
        ...orderWish(args, context),
      },
      services,
      (run, options) => advanceAndShow(run, options, context),
    )
  },
}
