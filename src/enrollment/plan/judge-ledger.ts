import { EnrollError } from '../../errors.ts'
import { PostgresqlLedger } from '../../ledger/postgresql/postgresql-ledger.ts'
import { checkBinding, refuseBound } from '../bound-ledger.ts'
import type { EnrollmentServices } from '../services.ts'
import type { Finding } from './finding.ts'

/** Whether the ledger in a database can be used, which a run asks for before anything else; nothing of a ledger that is a folder. */
export async function judgeLedger({
  ledger,
  stateDirectory,
}: Pick<EnrollmentServices, 'ledger' | 'stateDirectory'>): Promise<readonly Finding[]> {
  try {
    if (ledger === undefined) refuseBound(stateDirectory)
    if (!(ledger instanceof PostgresqlLedger)) return []
    await checkBinding(ledger, stateDirectory)
    return [{ area: 'program', severity: 'ok', message: `the ledger is in ${ledger.address}` }]
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
    const { code, message, remedy } = error
    return [{ area: 'program', severity: 'blocker', code, message, remedy }]
  }
}
