import type { IncomingMessage } from 'node:http'

/** The media type of a body, in small letters, without parameters; empty where none is said. */
export const mediaType = ({ headers }: IncomingMessage): string | undefined =>
  (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()

/** The body of a call or of an answer; undefined where it is longer than `most` bytes. Throws what the connection throws. */
export async function readBody(message: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    length += bytes.length
    if (length > most) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
