import type { Configuration } from '../../config/configuration.ts'
import { EnrollError } from '../../errors.ts'
import type { Balance } from '../../sectigo/certificate-authority.ts'
import { RefusedCall } from '../../sectigo/replies/require-reply.ts'
import { type EnrollmentServices, untilStopped } from '../services.ts'

/** Wrong login, locked account, blocked address, or no access to the API: no order of this login will be accepted. */
const NO_ACCESS = -16

/** Does the CA refuse the login, or is it out of reach? Then the next profile meets the same. */
export const concernsLogin = (error: unknown): boolean =>
  error instanceof EnrollError &&
  (error.code === 'sectigo.not-sent' || (error instanceof RefusedCall && error.refusal.code === NO_ACCESS))

/**
 * Asks the CA for the balance before a key is generated: a login that is refused and an address that does not answer must not cost a key.
 * Whatever else it answers is no reason not to begin, for not every account may read its balance. Throws EnrollError `sectigo.refused`,
 * `sectigo.not-sent`, `config.…`, `run.stopped`.
 */
export async function refuseUnreachableCa(
  configuration: Configuration,
  services: EnrollmentServices,
): Promise<Balance | undefined> {
  const ca = await services.certificateAuthority(configuration)
  try {
    return await ca.balance(untilStopped(services))
  } catch (error) {
    if (services.signal?.aborted === true) {
      throw new EnrollError('run.stopped', 'Stopped before a run began; nothing was generated or sent.', {
        remedy: 'Repeat the command.',
      })
    }
    if (!(error instanceof EnrollError) || error.exitCode === 2 || concernsLogin(error)) throw error
    services.observer.step({ step: 'ca', status: 'waiting', detail: `the balance could not be read: ${error.message}` })
    return undefined
  }
}
