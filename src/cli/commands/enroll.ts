import type { Configuration } from '../../config/configuration.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import type { Command } from '../command.ts'
import { configure } from '../configure.ts'
import { advanceAndShow, confirmOrder, ORDER_OPTIONS, RUN_OPTIONS, stateDirectoryOf } from '../enrolling.ts'
import type { PlanFinding } from '../plan-findings.ts'
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
    const { beginOnlyRun } = await import('../../enrollment/begin-only-run.ts')
    const { requestTemplate } = await import('../../config/profile.ts')
    const { planFindings } = await import('../plan-findings.ts')
    const { hsmTypeOf } = await import('../../enrollment/order-form.ts')
    const profile = args.required('profile')
    const configuration = await configure(args, context, { profile })
    const stateDirectory = stateDirectoryOf(configuration)
    const test = args.flag('test')
    // A profile that cannot work is refused before a run exists, and before it costs a key.
    requestTemplate(configuration)
    hsmTypeOf(configuration)
    refuseBlockers(await planFindings(configuration))
    if (!context.interactive) requireHeadless(configuration, test || args.flag('yes'))
    const name = resolve(context.cwd, profile)
    const services = createServices(stateDirectory, context, args.flag('trace'))
    const begin = () =>
      withNewRun({ configuration, profile: name, test, device: true }, services, (run) =>
        advanceAndShow(run, { wait: args.flag('wait'), confirm: confirmOrder(args, context) }, context),
      )
    return args.flag('new') ? begin() : beginOnlyRun({ stateDirectory, profile: name, test }, begin)
  },
}

function refuseBlockers(findings: readonly PlanFinding[]): void {
  const faults = findings.filter(({ severity }) => severity === 'blocker')
  const [first, ...others] = faults
  if (first === undefined) return
  const more = others.length === 0 ? '' : ` (and ${others.length} more; see \`hsm-enroll plan\`)`
  throw new EnrollError(
    first.area === 'order' ? 'order.form' : 'config.profile',
    `${first.area === 'order' ? 'Could not begin: the order form would be refused: ' : ''}${first.message}${more}`,
    {
      remedy: first.remedy ?? 'Correct the order section of the profile.',
      exitCode: first.area === 'order' ? EXIT.refused : EXIT.usage,
    },
  )
}

/** Where nobody can be asked, what is missing must not show only after the key is made. */
function requireHeadless(configuration: Configuration, confirmed: boolean): void {
  configuration.required('sectigo.loginName')
  configuration.required('sectigo.loginPassword')
  if (confirmed) return
  throw new EnrollError('order.unconfirmed', 'Could not begin: a paid order needs a yes, and nobody can be asked.', {
    remedy: 'Add --yes, or rehearse with --test.',
  })
}
