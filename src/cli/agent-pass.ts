import { EXIT } from '../errors.ts'
import type { Arguments, CommandContext } from './command.ts'
import { configure } from './configure.ts'
import { confirmOrder } from './enrolling.ts'
import { createServices, tellEverything } from './services.ts'

/** Reports what is refused, or what the disk cannot do, and goes on. Throws defects. */
export async function attempt(
  action: () => Promise<void>,
  { output, signal }: Pick<CommandContext, 'output' | 'signal'>,
): Promise<void> {
  const { failureOf, tellError } = await import('./report-error.ts')
  try {
    await action()
  } catch (error) {
    const { code, message, remedy, exitCode } = failureOf(error)
    if (exitCode === EXIT.defect) throw error
    // Whoever ends the process learns nothing from it.
    if (signal.aborted && code === 'run.stopped') return
    tellError({ code, message, remedy, exitCode }, output)
    output.line({ error: { code, message, remedy, exitCode } }, () => `${code}`)
  }
}

/**
 * One look at everything: each profile is renewed if it is due, each run that has an order goes on, and whoever is to be told is.
 * Profiles and secrets are read anew. What fails is reported, and does not keep the rest from being looked at. The consent to paid orders
 * is for renewals of the profiles: a run of another kind may be one that a person declined to pay for.
 */
export async function agentPass(args: Arguments, context: CommandContext): Promise<void> {
  const { renew } = await import('../enrollment/renewal/renew.ts')
  const { resumeAll } = await import('../enrollment/resume-all.ts')
  const { concernsLogin } = await import('../enrollment/plan/ask-ca.ts')
  const { settingsOf } = await import('../enrollment/profile-marks.ts')
  const { RefusedLogins } = await import('../enrollment/refused-logins.ts')
  const { failureOf } = await import('./report-error.ts')
  const { output } = context
  const refused = new RefusedLogins()
  const confirm = args.flag('yes') ? { confirm: confirmOrder(args, context) } : {}
  for (const name of args.list('profiles')) {
    if (context.signal.aborted) return
    await attempt(async () => {
      const configuration = await configure(args, context, { profile: name })
      const services = createServices(configuration, context, args.flag('trace'))
      const profile = configuration.profile ?? name
      const settings = settingsOf(configuration)
      if (refused.has(settings)) {
        output.progress(`${name}: waits, since the CA has refused the login`)
        return
      }
      const result = await renew({ configuration, profile, ...confirm }, services).catch((error: unknown) => {
        if (concernsLogin(error)) refused.add(settings)
        throw error
      })
      output.line({ profile, ...result }, () => `${name}: ${result.outcome}: ${result.detail}`)
      await tellEverything(services, configuration, profile)
    }, context)
  }
  await attempt(async () => {
    const configuration = await configure(args, context)
    const services = createServices(configuration, context, args.flag('trace'))
    for await (const { error: caught, ...resumed } of resumeAll(services, { patient: true }, refused)) {
      const failure = caught === undefined ? undefined : failureOf(caught)
      const { code, message, remedy, exitCode = resumed.exitCode } = failure ?? {}
      const error = failure === undefined ? undefined : { code, message, remedy, exitCode }
      output.line({ ...resumed, exitCode, error }, () => `${resumed.run}: ${resumed.state ?? code}, exit ${exitCode}`)
    }
    await tellEverything(services, configuration)
  }, context)
}
