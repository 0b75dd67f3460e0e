/** All of a stream, a body or a pipe; undefined where it is longer than `most` bytes. Throws what the stream throws. */
export async function readAtMost(stream: AsyncIterable<unknown>, most: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk))
    length += bytes.length
    if (length > most) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
