import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FolderLedger } from '../../ledger/folder-ledger.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { readInventory } from './read-inventory.ts'

it('lists certificates that end together by their runs, however long the listing takes', async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'inventory-order-'))
  try {
    const ledger = new FolderLedger(join(stateDirectory, 'ledger'))
    const names = ['5', '1', '4', '2', '3', '0']
    for (const name of names)
      await ledger.record({
        kind: 'certificate',
        subject: sha256Hex(name),
        run: `2026-11-29-run00${name}`,
        serialNumber: name,
        subjectName: 'CN=One',
        issuerName: 'CN=CA',
        notAfter: '2027-11-29T00:00:00.000Z',
      })
    let clock = Date.parse('2026-11-29T00:00:00Z')
    const listed = await readInventory({
      ledger,
      stateDirectory,
      now: () => clock++,
      observer: { step: () => undefined },
    })
    expect(listed.map(({ run }) => run.at(-1))).toEqual(names.toSorted())
  } finally {
    await rm(stateDirectory, { recursive: true })
  }
})
