import type { Configuration } from '../config/configuration.ts'
import type { RunState } from '../enrollment/run-event.ts'
import type { RunRecord } from '../enrollment/run-record.ts'
import { EnrollError } from '../errors.ts'
import type { PushNotification } from '../sectigo/push/push-notification.ts'
import type { Arguments, CommandContext } from './command.ts'
import { configureRun } from './configure.ts'
import type { Failure } from './output.ts'
import { createServices } from './services.ts'

/** What became of the run that a push belongs to: schemas/push.schema.json. */
export type Woken =
  /** No open run has this order. */
  | { readonly outcome: 'no-run' }
  | { readonly outcome: 'woken'; readonly run: string; readonly state: RunState }
  /** Another process has the run; nothing in the push is for it. */
  | { readonly outcome: 'busy'; readonly run: string }
  /** Another process has the run; its certificate was left for it. */
  | { readonly outcome: 'left'; readonly run: string }
  | { readonly outcome: 'failed'; readonly run: string; readonly error: Failure }
  /** The order was looked after a moment ago, and will be again, with the last push that has come by then. */
  | { readonly outcome: 'later' }

export function wokenToText(woken: Woken): string {
  switch (woken.outcome) {
    case 'no-run':
      return 'no open run has this order'
    case 'woken':
      return `run ${woken.run} is ${woken.state}`
    case 'busy':
      return `another process is working on the run ${woken.run}; there is nothing for it here`
    case 'left':
      return `another process is working on the run ${woken.run}; the certificate was left for it`
    case 'failed':
      return `${woken.error.code}: ${woken.error.message}`
    case 'later':
      return 'its run was processed a moment ago, and will be again'
  }
}

/**
 * A push is unsigned: certificates that it carries count only where their key is the run's; anything else only makes us ask
 * the CA. The certificate goes to the device when somebody resumes the run: a listener has no PIN. `pause`: how long the next push of
 * this order may wait, in milliseconds.
 */
export async function wakeRun(
  { orderNumber, certificates = [] }: PushNotification,
  configuration: Configuration,
  args: Arguments,
  context: CommandContext,
): Promise<{ readonly woken: Woken; readonly pause: number }> {
  const { readRun } = await import('../enrollment/list-runs.ts')
  const { changes } = await configureRun(args, context)
  const stateDirectory = configuration.required('stateDirectory')
  const id = await orderedRun(stateDirectory, orderNumber)
  const { record } = id === undefined ? {} : await readRun(stateDirectory, id)
  if (id === undefined || record === undefined) return { woken: { outcome: 'no-run' }, pause: 0 }
  const pause = await pauseOf({ ...record.settings, ...changes.settings })
  try {
    return { woken: await advanceRun(id, certificates, configuration, args, context, changes), pause }
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
    if (error.code === 'lock.held') return { woken: await leaveFor(id, record, certificates, stateDirectory), pause }
    const { code, message, remedy, exitCode } = error
    return { woken: { outcome: 'failed', run: id, error: { code, message, remedy, exitCode } }, pause }
  }
}

async function orderedRun(stateDirectory: string, orderNumber: string): Promise<string | undefined> {
  const { indexedRuns } = await import('../enrollment/run-index.ts')
  let found: string | undefined
  for await (const { id, digest } of indexedRuns(stateDirectory, { keep: true }))
    if (digest?.orderNumber === orderNumber && digest.state === 'ordered') found ??= id
  return found
}

async function pauseOf(settings: RunRecord['settings']): Promise<number> {
  const { pushPause } = await import('../sectigo/sectigo.ts')
  return pushPause(String(settings['sectigo.endpoint'] ?? ''), Number(settings['sectigo.pollSeconds'] ?? 0) * 1000)
}

async function advanceRun(
  id: string,
  certificates: readonly Uint8Array[],
  configuration: Configuration,
  args: Arguments,
  context: CommandContext,
  changes: Awaited<ReturnType<typeof configureRun>>['changes'],
): Promise<Woken> {
  const { withRun } = await import('../enrollment/run.ts')
  const { advance } = await import('../enrollment/advance.ts')
  const { acceptCertificates } = await import('../enrollment/steps/accept-certificates.ts')
  const services = createServices(configuration, context, args.flag('trace'))
  return withRun(
    id,
    services,
    async (run) => {
      // Looked at again under the lock.
      if (run.record.state !== 'ordered') return { outcome: 'woken', run: run.id, state: run.record.state }
      if (certificates.length > 0) await acceptCertificates(run, certificates, 'pushed by the CA')
      else await advance(run, { until: 'issued', pushed: true })
      return { outcome: 'woken', run: run.id, state: run.record.state }
    },
    changes,
  )
}

/** Another process has the run, most likely one that waits for the CA: it finds what is left in the run's folder. */
async function leaveFor(
  id: string,
  record: RunRecord,
  certificates: readonly Uint8Array[],
  stateDirectory: string,
): Promise<Woken> {
  const { RunFolder } = await import('../enrollment/run-folder.ts')
  const { leavePushed } = await import('../enrollment/pushed-certificates.ts')
  const { hasOwn } = await import('../enrollment/steps/accept-certificates.ts')
  if (!hasOwn(record, certificates)) return { outcome: 'busy', run: id }
  await leavePushed(RunFolder.at(stateDirectory, id), certificates)
  return { outcome: 'left', run: id }
}
