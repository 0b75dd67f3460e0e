import type { Knowledge } from '../../knowledge/knowledge.ts'
import type { RecordedFact } from '../../ledger/fact.ts'
import type { Balance } from '../../sectigo/certificate-authority.ts'
import { inUse } from '../inventory/in-use.ts'
import { type InventoryEntry, readInventory } from '../inventory/read-inventory.ts'
import { openLedger } from '../open-ledger.ts'
import { indexedRuns } from '../run-index.ts'
import { isUnknown } from '../run-record.ts'
import type { EnrollmentServices } from '../services.ts'
import type { Metric } from './prometheus-text.ts'

/** What the state directory does not say. */
export interface Surroundings {
  readonly version: string
  readonly trustAnchors: readonly {
    readonly name: string
    readonly spkiSha256: string
    readonly notAfter?: string
    readonly origin: string
  }[]
  readonly knowledge: Knowledge
  /** What the CA said of the account, if it was asked. */
  readonly balance?: Balance
}

/** What the state directory says, as gauges; asks no device and no network. Throws EnrollError `ledger.damaged`. */
export async function collectMetrics(
  services: Pick<EnrollmentServices, 'ledger' | 'stateDirectory' | 'now' | 'observer'>,
  { version, trustAnchors, knowledge, balance }: Surroundings,
): Promise<readonly Metric[]> {
  const inventory = await readInventory(services)
  const attempts = await lastAttempts(services)
  return [
    gauge('hsm_enroll_build_info', 'The version of hsm-enroll.', [{ labels: { version }, value: 1 }]),
    gauge(
      'hsm_enroll_certificate_not_after_seconds',
      'End of the certificate of a key that is in use, in seconds since 1970. A key that was renewed and switched from, retired or deleted is not.',
      inUse(inventory).map(({ certificate, ...entry }) => ({
        labels: labelsOf(entry),
        value: seconds(certificate.notAfter),
      })),
    ),
    gauge('hsm_enroll_run_state', 'Runs in each state.', await runStates(services)),
    gauge('hsm_enroll_order_outcome_unknown', 'Runs of whose order nobody knows whether the CA has it.', [
      { value: inventory.filter(({ record }) => record !== undefined && isUnknown(record)).length },
    ]),
    gauge('hsm_enroll_keys_orphaned', 'Keys on devices that no run needs.', [
      { value: inventory.filter(({ orphaned }) => orphaned).length },
    ]),
    gauge(
      'hsm_enroll_pin_refused',
      '1 if the last secret sent to a device was wrong, or is not known to have been right: nothing is sent until a person looks.',
      attempts.map(({ subject: login, outcome }) => ({
        labels: { login },
        value: outcome === 'wrong' || outcome === 'sent' ? 1 : 0,
      })),
    ),
    gauge(
      'hsm_enroll_pin_tries_left',
      'Tries that the device said were left after the last secret sent to it, which was wrong.',
      attempts.flatMap(({ subject: login, triesLeft: value }) =>
        value === undefined ? [] : [{ labels: { login }, value }],
      ),
    ),
    gauge(
      'hsm_enroll_last_success_seconds',
      'When a certificate was last issued to a run, in seconds since 1970.',
      lastSuccess(inventory),
    ),
    gauge(
      'hsm_enroll_trust_anchor_not_after_seconds',
      'End of a trust anchor, in seconds since 1970.',
      trustAnchors.flatMap(({ name, spkiSha256, notAfter, origin }) =>
        notAfter === undefined
          ? []
          : [{ labels: { name, spki: spkiSha256.slice(0, 16), origin }, value: seconds(notAfter) }],
      ),
    ),
    gauge('hsm_enroll_knowledge_age_seconds', 'Age of the tables of certifications and advisories.', [
      {
        labels: { origin: knowledge.origin },
        value: Math.max(0, Math.round((services.now() - Date.parse(knowledge.issued)) / 1000)),
      },
    ]),
    gauge(
      'hsm_enroll_account_balance',
      'Credit of the account at the CA, in its currency.',
      balance === undefined ? [] : [{ labels: { currency: balance.currency }, value: Number(balance.amount) }],
    ),
  ]
}

const gauge = (name: string, help: string, samples: Metric['samples']): Metric => ({ name, help, samples })

const seconds = (time: string | undefined): number => Math.floor(Date.parse(time ?? '') / 1000)

const labelsOf = ({ run, record, device, location, spkiSha256 }: Omit<InventoryEntry, 'certificate'>) => ({
  profile: record?.profile,
  run,
  device,
  location,
  spki: spkiSha256.slice(0, 16),
})

async function runStates({ stateDirectory }: Pick<EnrollmentServices, 'stateDirectory'>): Promise<Metric['samples']> {
  const states = new Map<string, number>()
  for await (const { digest } of indexedRuns(stateDirectory, { keep: true })) {
    const state = digest === undefined ? 'damaged' : digest.state
    states.set(state, (states.get(state) ?? 0) + 1)
  }
  return [...states].sort().map(([state, value]) => ({ labels: { state }, value }))
}

/** The last of each login, by its name. */
async function lastAttempts(services: Parameters<typeof openLedger>[0]): Promise<readonly RecordedFact<'attempt'>[]> {
  const attempts: RecordedFact<'attempt'>[] = []
  for await (const attempt of (await openLedger(services)).all('attempt')) attempts.push(attempt)
  return attempts.sort((a, b) => (a.subject < b.subject ? -1 : 1))
}

function lastSuccess(inventory: readonly InventoryEntry[]): Metric['samples'] {
  const times = inventory.flatMap(({ record }) =>
    record !== undefined && !record.test && (record.state === 'issued' || record.state === 'installed')
      ? [record.updatedAt]
      : [],
  )
  const last = times.sort().at(-1)
  return last === undefined ? [] : [{ value: seconds(last) }]
}
