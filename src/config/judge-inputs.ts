import { refuseKeysIn } from '../check/read/hidden-keys.ts'
import { nameOf, type readInput, readKeyInput } from './read-input.ts'
import type { NamedInput } from './read-inputs.ts'

/**
 * What `judge` makes of the files that it reads, each looked through once for private keys. A verdict says that there is none: to judge
 * evidence and requests, all of them were looked through. If there is none, a private key is said before anything else of the files.
 * Throws what `judge` throws, and EnrollError `input.…`.
 */
export async function judgeInputs<Result>(judge: (read: typeof readInput) => Promise<Result>): Promise<Result> {
  const files: NamedInput[] = []
  const read: typeof readInput = async (file) => {
    const bytes = await readKeyInput(file)
    files.push({ name: nameOf(file), bytes })
    return bytes
  }
  try {
    return await judge(read)
  } catch (error) {
    for (const { name, bytes } of files) refuseKeysIn(bytes, name)
    throw error
  }
}
