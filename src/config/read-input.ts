import { refuseKeysIn } from '../check/read/hidden-keys.ts'
import { EnrollError } from '../errors.ts'
import {
  FileTooLarge,
  fileFault,
  readBoundedFile,
  readBoundedStream,
  readPlainFileSync,
} from '../files/bounded-file.ts'

/** Larger than anything that a command reads: the largest evidence package that a CA takes is 24 KB. */
export const MAX_INPUT = 1 << 20

/** A whole file, or stdin for `-`, bounded; a private key in whatever layer of it is refused by name. Throws EnrollError `input.…`. */
export async function readInput(file: string): Promise<Uint8Array> {
  const bytes = await readKeyInput(file)
  refuseKeysIn(bytes, nameOf(file))
  return bytes
}

/** The same where a private key is what is asked for (that of a TLS server), or is looked for later. */
export async function readKeyInput(file: string): Promise<Uint8Array> {
  const plain = file === '-' ? undefined : readPlainFileSync(file, MAX_INPUT)
  if (plain !== undefined) return plain
  const bytes = file === '-' ? readBoundedStream(process.stdin, MAX_INPUT) : readBoundedFile(file, MAX_INPUT)
  return await bytes.catch((cause: unknown) => {
    throw unreadable(nameOf(file), cause)
  })
}

/** What messages call it. */
export const nameOf = (file: string): string => (file === '-' ? 'stdin' : file)

function unreadable(name: string, cause: unknown): EnrollError {
  const message = `Could not read ${name}: ${fileFault(cause)}.`
  if (cause instanceof FileTooLarge) {
    return new EnrollError('input.too-large', message, {
      remedy: 'Specify the request, certificate or attestation itself, not an archive or a disk image.',
    })
  }
  if (cause instanceof Error && 'code' in cause && cause.code === 'EISDIR')
    return new EnrollError('input.directory', message, { remedy: 'Specify a file.' })
  return new EnrollError('input.unreadable', message, { remedy: 'Check the path and the permissions.', cause })
}
