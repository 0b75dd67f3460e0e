import { createHash, randomBytes } from 'node:crypto'

const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
const RUN_ID = /^\d{4}-\d\d-\d\d-[a-z2-9]{6}$/

/** `2026-11-22-k7f3qa`: the day, then six characters that are hard to misread. */
export function newRunId(now: number): string {
  const day = new Date(now).toISOString().slice(0, 10)
  const tail = [...randomBytes(6)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
  return `${day}-${tail}`
}

export const isRunId = (text: string): boolean => RUN_ID.test(text)

/** The key's label on the device: 28 characters of `[a-z0-9-]`, so that every family can carry it. */
export const keyLabelOf = (runId: string): string => `hsm-enroll-${runId}`

/** CKA_ID: 16 bytes of SHA-256 of the run id. */
export const keyIdOf = (runId: string): Uint8Array => createHash('sha256').update(runId).digest().subarray(0, 16)
