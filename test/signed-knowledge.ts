import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { Knowledge } from '../src/knowledge/knowledge.ts'
import { writeKnowledge } from '../src/knowledge/read-knowledge.ts'

/** A maintainer's key, made for one test. */
export class MaintainerKey {
  readonly #id = randomBytes(8)
  readonly #pair = generateKeyPairSync('ed25519')

  /** The second line of minisign.pub. */
  get publicKey(): string {
    const raw = this.#pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
    return Buffer.concat([Buffer.from('Ed'), this.#id, raw]).toString('base64')
  }

  /** What minisign writes into FILE.minisig (jedisct1.github.io/minisign, "Signature format"). */
  sign(file: Uint8Array, algorithm: 'ED' | 'Ed' = 'ED', comment = 'timestamp:1795910400'): string {
    const message = algorithm === 'ED' ? createHash('blake2b512').update(file).digest() : file
    const signature = sign(null, message, this.#pair.privateKey)
    const whole = sign(null, Buffer.concat([signature, Buffer.from(comment)]), this.#pair.privateKey)
    return [
      'untrusted comment: signature from minisign secret key',
      Buffer.concat([Buffer.from(algorithm), this.#id, signature]).toString('base64'),
      `trusted comment: ${comment}`,
      whole.toString('base64'),
      '',
    ].join('\n')
  }
}

/** Writes a data file and its signature. */
export async function signedKnowledge(
  file: string,
  tables: Knowledge,
  key = new MaintainerKey(),
): Promise<{ readonly file: string; readonly publicKey: string }> {
  const data = writeKnowledge(tables)
  await writeFile(file, data)
  await writeFile(`${file}.minisig`, key.sign(Buffer.from(data)))
  return { file, publicKey: key.publicKey }
}
