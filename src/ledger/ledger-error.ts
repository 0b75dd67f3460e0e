import { EnrollError } from '../errors.ts'

/** What the ledger holds of something cannot be read: nothing may be concluded from it, least of all that there is nothing. */
export const ledgerDamaged = (where: string, why: string, cause?: unknown): EnrollError =>
  new EnrollError('ledger.damaged', `Could not trust the ledger: ${where} ${why}.`, {
    remedy:
      'Run `hsm-enroll ledger rebuild`, which restores it from the journals of the runs, then repeat the command.',
    cause,
  })
