import { access } from 'node:fs/promises'
import { parseCertificate } from '../asn1/certificate.ts'
import type { BrokeredOrder } from '../broker-client/messages.ts'
import { readCertificates } from '../check/read/certificates-input.ts'
import { heldClaims, releaseClaims } from '../enrollment/order-claims.ts'
import { type Run, withRun } from '../enrollment/run.ts'
import { RunFolder } from '../enrollment/run-folder.ts'
import { runCollectStep } from '../enrollment/steps/collect-step.ts'
import { runUnknownStep } from '../enrollment/steps/unknown-step.ts'
import { EnrollError } from '../errors.ts'
import type { Claim } from '../ledger/claim.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { sha256Hex } from '../sha256-hex.ts'
import type { DeskSetting } from './desk-setting.ts'
import type { KnownOrder } from './order-state.ts'
import { brokerRun } from './owners.ts'

/** What an order that is under way is asked for again after, in milliseconds, where the CA has not said. */
const MEANWHILE = 60_000

/** An order that nobody finishes: whoever sent it has died. Its run, if it is here, says that its outcome is unknown. */
export async function settleOrder(setting: DeskSetting, { order }: KnownOrder): Promise<void> {
  if (order === undefined || !(await isHere(setting, order.run))) return
  await withOwnRun(setting, order.run, async (run) => {
    // Opening it has told the ledger what the journal knows; what neither knows is unknown from here on.
    if (run.record.state === 'submitting') await runUnknownStep(run)
  })
}

/** Gives back what a run of this broker still holds of an order that came to nothing: it died before it could. */
export async function freeOver(setting: DeskSetting, claim: string, holder: Claim | undefined): Promise<void> {
  if (holder === undefined || !(await isHere(setting, holder.run))) return
  await withOwnRun(setting, holder.run, async (run) => {
    if (!heldClaims(run.record).some(({ name }) => name === claim)) await releaseClaims(run)
  })
}

/** Asks the CA once, where it may be asked, and records what it has issued. Returns what else the host should know. */
export async function followOrder(
  setting: DeskSetting,
  ledger: Ledger,
  known: KnownOrder,
): Promise<Partial<BrokeredOrder>> {
  const { order } = known
  if (order?.orderNumber === undefined) return {}
  if (!(await isHere(setting, order.run))) return followElsewhere(setting, ledger, known, order.orderNumber)
  const more = await withOwnRun(setting, order.run, async (run): Promise<Partial<BrokeredOrder>> => {
    if (run.record.state === 'ordered') await runCollectStep(run, { patient: true })
    const { state, orderNumber = '', progress } = run.record
    if (state === 'issued') await deliver(ledger, known, orderNumber, await issuedTo(run))
    if (progress === undefined) return { nextPollAt: later(setting) }
    const { nextPollAt = later(setting), summary, steps } = progress
    return { progress: { state: 'pending', summary, steps }, nextPollAt }
  })
  return more ?? { nextPollAt: later(setting) }
}

const later = ({ services }: DeskSetting): string => new Date(services.now() + MEANWHILE).toISOString()

/** The run is another broker's: what it placed is followed by its number alone, under the schedule of the account. */
async function followElsewhere(
  { services, configuration }: DeskSetting,
  ledger: Ledger,
  known: KnownOrder,
  orderNumber: string,
): Promise<Partial<BrokeredOrder>> {
  const ca = await services.certificateAuthority(configuration)
  const collection = await ca.collect({ orderNumber })
  if (collection.kind === 'issued') {
    refuseForeign(known, orderNumber, collection.certificates)
    await deliver(ledger, known, orderNumber, collection.certificates)
    return {}
  }
  if (collection.kind === 'refused') return { reason: `${collection.refusal.code} ${collection.refusal.message}` }
  const next = collection.nextCall ?? services.now() + MEANWHILE
  return {
    progress: { state: 'pending', summary: collection.message, steps: [] },
    nextPollAt: new Date(next).toISOString(),
  }
}

/** What is delivered stays so: a slip of the CA must not become the answer for ever. Throws EnrollError `certificate.other-key`, `asn1.der`. */
function refuseForeign({ claim }: KnownOrder, orderNumber: string, ders: readonly Uint8Array[]): void {
  if (ders.some((der) => sha256Hex(parseCertificate(der).spki) === claim.slice(0, 64))) return
  throw new EnrollError(
    'certificate.other-key',
    `Could not use the certificates of order ${orderNumber}: none of the ${ders.length} has the key that was ordered for.`,
    { remedy: 'Ask the CA about the order; it is asked again with the next question of the host.' },
  )
}

/** A fact is one bounded line: of a chain that is too long for it, the top is left out, which every verifier has. */
const MAX_DELIVERY = 14_000

async function deliver(
  ledger: Ledger,
  { claim, request }: KnownOrder,
  orderNumber: string,
  ders: readonly Uint8Array[],
): Promise<void> {
  const certificates: string[] = []
  let length = 0
  for (const der of ders) {
    const text = Buffer.from(der).toString('base64')
    length += text.length + 3
    if (length > MAX_DELIVERY) break
    certificates.push(text)
  }
  await ledger.record({ kind: 'delivery', subject: claim, run: brokerRun(request.host), orderNumber, certificates })
}

async function issuedTo(run: Run): Promise<readonly Uint8Array[]> {
  const { fullchain } = run.record
  return fullchain === undefined ? [] : readCertificates(await run.folder.readArtefact(fullchain))
}

const isHere = ({ services }: DeskSetting, run: string): Promise<boolean> =>
  access(RunFolder.at(services.stateDirectory, run).journalFile).then(
    () => true,
    () => false,
  )

/** Undefined where another process has the run: it does the same. */
export async function withOwnRun<T>(
  { services }: DeskSetting,
  id: string,
  action: (run: Run) => Promise<T>,
): Promise<T | undefined> {
  return withRun(id, services, action).catch((error: unknown) => {
    if (error instanceof EnrollError && error.code === 'lock.held') return undefined
    throw error
  })
}
