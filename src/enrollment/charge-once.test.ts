import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ChangeOutcome } from '../sectigo/change-outcome.ts'
import { chargeOnce } from './charge-once.ts'

it.each<readonly [ChangeOutcome, string]>([
  [{ kind: 'done' }, 'The CA carried it out'],
  [{ kind: 'unknown', reason: 'no answer' }, 'What came of it is not known (no answer)'],
])('what the CA answered is said also where the disk cannot take it (%o)', async (outcome, said) => {
  const folder = await mkdtemp(join(tmpdir(), 'charge-once-'))
  const send = async () => {
    const file = join(folder, 'orders', 'refund-7')
    await rm(file)
    await mkdir(file)
    return outcome
  }
  const charging = chargeOnce(folder, { kind: 'refund', orderNumber: '7', again: false, send })
  await expect(charging).rejects.toMatchObject({ code: 'order.unrecorded', message: expect.stringContaining(said) })
  await rm(folder, { recursive: true })
})
