import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPem } from '../asn1/pem.ts'
import { sha256Hex } from '../sha256-hex.ts'
import type { RunEvent } from './run-event.ts'
import type { RunFolder } from './run-folder.ts'
import { hasOrder, type RunRecord } from './run-record.ts'

/**
 * A file is written before the journal says so, by one step at most. One that is further ahead was made by entries that the journal has
 * lost, where not even the ledger knows of them: then an order may have been placed. Undefined where no file is.
 */
export async function artefactsAhead(
  folder: RunFolder,
  record: RunRecord,
): Promise<Extract<RunEvent, { type: 'recovered' }> | undefined> {
  if (!record.device || hasOrder(record)) return undefined
  const files = await readdir(folder.path)
  const ahead = files.includes('certificate.pem') || (files.includes('check.json') && record.attestation === undefined)
  if (!ahead) return undefined
  const spkiSha256 = record.spkiSha256 ?? (await spkiOf(folder))
  return {
    type: 'recovered',
    entries: [],
    order: { claim: spkiSha256 ?? 'unknown', spkiSha256, formSha256: '', endpoint: '', test: record.test },
  }
}

async function spkiOf({ path }: RunFolder): Promise<string | undefined> {
  const text = await readFile(join(path, 'public-key.pem'), 'latin1').catch(() => '')
  try {
    const [block] = readPem(text)
    return block === undefined ? undefined : sha256Hex(block.der)
  } catch {
    // A file of a damaged folder; the order has no key to be known by, then.
    return undefined
  }
}
