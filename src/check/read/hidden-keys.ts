import { EnrollError } from '../../errors.ts'
import { openFile } from './open-file.ts'
import { PrivateKeyFound, privateKeyError } from './private-key-guard.ts'
import { TooMuch } from './unreadable.ts'

/**
 * Throws EnrollError `input.private-key` if a private key is anywhere in these bytes, whatever it is wrapped in; `name` is what is told of
 * them. For values that are passed on as they are. What is too large to be looked through is refused, too.
 */
export function refuseHiddenKeys(bytes: Uint8Array, name: string): void {
  if (bytes.length === 0) return
  try {
    openFile(bytes)
  } catch (error) {
    if (error instanceof PrivateKeyFound) throw privateKeyError(name, error.kind)
    if (error instanceof TooMuch) {
      throw new EnrollError('input.too-large', `Could not look through ${name}: ${error.what}.`, {
        remedy: error.remedy,
      })
    }
    if (!(error instanceof EnrollError)) throw error
  }
}

/** Shorter text is no key of any form, whatever it is wrapped in. */
const SHORTEST = 40

/** The same of a text; most are too short to hold one, and cost nothing. */
export function refuseKeysInText(text: string, name: string): void {
  if (text.length >= SHORTEST) refuseHiddenKeys(Buffer.from(text), name)
}

/** What holds more than can be looked through is for whoever reads it to judge: an archive of a whole ceremony, say. */
export function refuseKeysIn(bytes: Uint8Array, name: string): void {
  try {
    refuseHiddenKeys(bytes, name)
  } catch (error) {
    if (!(error instanceof EnrollError) || error.code !== 'input.too-large') throw error
  }
}
