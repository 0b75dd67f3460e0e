import { open } from 'node:fs/promises'
import { EnrollError } from '../errors.ts'

/** Larger than anything that a command reads: the largest evidence package that a CA takes is 24 KB. */
export const MAX_INPUT = 1 << 20

const tooLarge = (name: string): EnrollError =>
  new EnrollError('input.too-large', `Could not read ${name}: it has more than ${MAX_INPUT} bytes.`, {
    remedy: 'Name the request, certificate or attestation itself, not an archive or a disk image.',
  })

/** A whole file, or stdin for `-`, bounded. Throws EnrollError `input.…`. */
export async function readInput(file: string): Promise<Uint8Array> {
  if (file === '-') return readStream(process.stdin)
  try {
    const handle = await open(file, 'r')
    try {
      const stat = await handle.stat()
      if (stat.isDirectory())
        throw new EnrollError('input.directory', `Could not read ${file}: it is a folder.`, { remedy: 'Name a file.' })
      if (stat.size > MAX_INPUT) throw tooLarge(file)
      return await readStream(handle.createReadStream({ autoClose: false }), file)
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof EnrollError) throw cause
    const code = (cause as NodeJS.ErrnoException).code
    throw new EnrollError(
      'input.unreadable',
      `Could not read ${file}: ${code === 'ENOENT' ? 'there is no such file' : (code ?? String(cause))}.`,
      {
        remedy: 'Check the name and the permissions.',
        cause,
      },
    )
  }
}

async function readStream(stream: AsyncIterable<unknown>, name = 'stdin'): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array)
    size += bytes.length
    if (size > MAX_INPUT) throw tooLarge(name)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
