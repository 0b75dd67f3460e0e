import type { Configuration } from '../../config/configuration.ts'
import { isAcme, isBrokered } from '../../config/order-route.ts'
import { EnrollError } from '../../errors.ts'
import type { AttestedOrders, Balance } from '../../sectigo/certificate-authority.ts'
import { RefusedCall } from '../../sectigo/replies/require-reply.ts'
import { openBroker } from '../open-authority.ts'
import { type EnrollmentServices, untilStopped } from '../services.ts'
import type { Finding } from './finding.ts'
import { lastPrice } from './last-price.ts'
import { blocker, type Judged } from './plan-findings.ts'

/** Wrong login, locked account, blocked address, or no access to the API: no order of this login will be accepted. */
const NO_ACCESS = -16

/** Does the CA refuse the login, or is it out of reach? Then the next profile meets the same. */
export const concernsLogin = (error: unknown): boolean =>
  error instanceof EnrollError && (OUT_OF_REACH.includes(error.code) || [error, error.cause].some(isRefusedLogin))

const OUT_OF_REACH: readonly string[] = ['sectigo.not-sent', 'broker.unreachable', 'broker.refused']

/** It may also be the cause of an error that says more. */
const isRefusedLogin = (error: unknown): boolean => error instanceof RefusedCall && isLoginRefusal(error.refusal)

export const isLoginRefusal = ({ code }: { readonly code: number }): boolean => code === NO_ACCESS

/** What the CA says of an account before anything is ordered. */
export interface AskedCa {
  readonly balance?: Balance
  readonly judged: readonly Judged[]
}

/**
 * Asks the CA for the balance: a login that is refused and an address that does not answer must not cost a key. Whatever else it answers
 * is no reason not to begin, for not every account may read its balance. What an operator can mend is a finding; throws EnrollError
 * `run.stopped`.
 */
export async function judgeCa(configuration: Configuration, services: EnrollmentServices): Promise<AskedCa> {
  try {
    if (isBrokered(configuration)) return { judged: [{ finding: await askBroker(configuration, services) }] }
    const ca = await services.certificateAuthority(configuration)
    if (ca.attestedOrders !== undefined) return { judged: [{ finding: await reached(ca.attestedOrders, services) }] }
    const balance = await ca.balance(untilStopped(services))
    // Runs that cannot be read are said elsewhere; here they are only a hint.
    const price = await lastPrice(configuration, services.stateDirectory).catch(() => undefined)
    return {
      balance,
      judged: [{ finding: accepted(balance) }, ...fundsFindings(balance, price).map((finding) => ({ finding }))],
    }
  } catch (error) {
    if (services.signal?.aborted === true) {
      throw new EnrollError('run.stopped', 'Stopped before a run began; nothing was generated or sent.', {
        remedy: 'Repeat the command.',
      })
    }
    if (!(error instanceof EnrollError) || error.exitCode === 2 || isAcme(configuration) || concernsLogin(error)) {
      const { finding, error: known } = blocker(error)
      return { judged: [{ finding: { ...finding, area: 'order' }, ...(known && { error: known }) }] }
    }
    const { code, message, remedy } = error
    const unread = `the balance could not be read: ${message}`
    return { judged: [{ finding: { area: 'order', severity: 'warning', code, message: unread, remedy } }] }
  }
}

/** The same where a run is asked for: throws what stops it, and reports the rest. */
export async function refuseUnreachableCa(
  configuration: Configuration,
  services: EnrollmentServices,
): Promise<Balance | undefined> {
  const { balance, judged } = await judgeCa(configuration, services)
  for (const { finding, error } of judged) {
    if (error !== undefined) throw error
    if (finding.severity === 'warning')
      services.observer.step({ step: 'ca', status: 'waiting', detail: finding.message })
  }
  return balance
}

const reached = async (orders: AttestedOrders, services: EnrollmentServices): Promise<Finding> => ({
  area: 'order',
  severity: 'ok',
  message: `the ACME server at ${await orders.reach(untilStopped(services))} accepts the account`,
})

async function askBroker(configuration: Configuration, services: EnrollmentServices): Promise<Finding> {
  const broker = await openBroker(configuration, services)
  const name = await broker.greet(untilStopped(services))
  return { area: 'order', severity: 'ok', message: `the broker knows this host as ${name}` }
}

const accepted = (balance: Balance): Finding => ({
  area: 'order',
  severity: 'ok',
  message: `the CA accepts the login; the balance is ${inWords(balance)}`,
})

/** A hard limit lets the credit go that far below zero. An account that pays otherwise has never been charged, and knows no price. */
function fundsFindings(
  balance: Balance,
  price: { readonly amount: string; readonly run: string } | undefined,
): readonly Finding[] {
  if (price === undefined) return []
  const available = numberOf(balance.amount) + numberOf(balance.hardLimit ?? '0')
  if (!(available < numberOf(price.amount))) return []
  return [
    {
      area: 'order',
      severity: 'warning',
      code: 'order.funds',
      message: `the balance of ${inWords(balance)} is less than the ${price.amount} that the same order cost last (run ${price.run}): the CA may refuse it for lack of credit`,
      remedy: 'Add credit to the account before you order.',
    },
  ]
}

const numberOf = (amount: string): number => Number(amount.replace(',', '.'))

const inWords = ({ amount, currency, hardLimit }: Balance): string =>
  `${[amount, currency].filter((part) => part !== undefined).join(' ')}${
    hardLimit === undefined || numberOf(hardLimit) === 0 ? '' : ` (hard limit ${hardLimit})`
  }`
