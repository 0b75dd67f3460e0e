import { withDatabaseLock } from '../ledger/postgresql/lock.ts'
import type { Transactions } from '../ledger/postgresql/transactions.ts'
import { memoryPollSchedule, type PollSchedule } from '../sectigo/collection/poll-schedule.ts'

const LOCK_WAIT = 5 * 60_000

/**
 * The schedule of an account that all hosts share: the pause between two questions about one order, and one question at a time, whichever
 * host asks. The clock of the database counts: those of the hosts may differ by more than the pause. `now`: milliseconds since 1970.
 */
export function databasePollSchedule(transactions: Transactions, account: string, now: () => number): PollSchedule {
  const inProcess = memoryPollSchedule()
  return {
    lastCall: async (orderNumber) => {
      const [row] = await transactions.read<{ age: number }>(
        `SELECT (extract(epoch FROM clock_timestamp() - asked_at) * 1000)::float8 AS age
         FROM hsm_enroll.question WHERE account = $1 AND order_number = $2`,
        [account, orderNumber],
      )
      return row === undefined ? undefined : now() - row.age
    },
    record: (orderNumber, time) =>
      transactions.run(async (statements) => {
        await statements.query(
          `INSERT INTO hsm_enroll.question (account, order_number, asked_at)
           VALUES ($1, $2, clock_timestamp() - $3::float8 * interval '1 millisecond')
           ON CONFLICT (account, order_number) DO UPDATE SET asked_at = excluded.asked_at`,
          [account, orderNumber, now() - time],
        )
      }),
    exclusive: (call, signal) =>
      // One connection a process waits, however many of its runs do.
      inProcess.exclusive(() =>
        withDatabaseLock(transactions, `question ${account}`, 'a question to the CA, which takes one at a time', call, {
          wait: LOCK_WAIT,
          signal,
        }),
      ),
  }
}
