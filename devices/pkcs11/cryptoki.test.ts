import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { Cryptoki } from './cryptoki.ts'
import type { CryptokiLibrary } from './load-module.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** No call of the module is made here: the bodies below ignore it. */
const NO_LIBRARY = {} as CryptokiLibrary

/** As the addon does it: its thread knows the buffer's address, and the promise knows nothing of it. */
const writingInto = (output: Buffer, answer: Promise<number>) => (): Promise<number> => {
  output.fill(0)
  return answer
}

/** A frame of its own, so that no frame of the test holds the buffer. */
function begin(cryptoki: Cryptoki, answer: Promise<number>): { call: Promise<unknown>; buffer: WeakRef<Buffer> } {
  const output = Buffer.alloc(2048)
  const call = cryptoki.runLong('C_Sign', '32 bytes', writingInto(output, answer))
  return { call: call.catch((error: unknown) => error), buffer: new WeakRef(output) }
}

async function isCollected(buffer: WeakRef<Buffer>): Promise<boolean> {
  // A WeakRef that was made or read lives until the end of its turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  return buffer.deref() === undefined
}

describe('a call on another thread', () => {
  it('keeps its buffers alive after an abort, until the module has let go of them', async () => {
    const abort = new AbortController()
    const cryptoki = new Cryptoki(NO_LIBRARY, 'a token', { signal: abort.signal })
    let finish: (length: number) => void = () => undefined
    const answer = new Promise<number>((resolve) => {
      finish = resolve
    })
    const { call, buffer } = begin(cryptoki, answer)
    abort.abort()
    expect(await call).toMatchObject({ code: 'device.aborted' })
    expect(await isCollected(buffer)).toBe(false)
    finish(64)
    expect(await cryptoki.settled()).toBe(true)
    expect(await isCollected(buffer)).toBe(true)
  })
})
