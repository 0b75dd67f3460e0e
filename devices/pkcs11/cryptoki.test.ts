import { describe, expect, it } from 'vitest'
import { collectGarbage } from '../../test/collect-garbage.ts'
import { Cryptoki } from './cryptoki.ts'
import type { CryptokiLibrary } from './load-module.ts'

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

describe('an answer that says nothing', () => {
  /** A slot whose token is listed for so many asks more. */
  const slotOf = (flags: number, listed: number) => {
    const slot = Buffer.of(0)
    const seen = { asks: 0 }
    const library = {
      C_GetSlotInfo: () => ({ flags }),
      C_GetTokenInfo: () => ({}),
      C_GetSlotList: () => (++seen.asks > listed ? [] : [slot]),
    } as unknown as CryptokiLibrary
    const cryptoki = new Cryptoki(library, 'a token')
    cryptoki.slot = slot
    const generate = (): Promise<unknown> =>
      cryptoki
        .runLong('C_GenerateKeyPair', '', () => Promise.reject(new Error('CKR_FUNCTION_FAILED:6')))
        .catch((error: unknown) => error)
    return { seen, generate }
  }

  it('comes from a key that was pulled out, although it is still listed for a moment', async () => {
    const { generate } = slotOf(CKF_REMOVABLE_DEVICE, 2)
    expect(await generate()).toMatchObject({ code: 'device.gone', vendorCode: 'CKR_FUNCTION_FAILED' })
  })

  it('is a refusal where the token stays', async () => {
    const { seen, generate } = slotOf(CKF_REMOVABLE_DEVICE, 99)
    expect(await generate()).toMatchObject({ code: 'device.refused', vendorCode: 'CKR_FUNCTION_FAILED' })
    expect(seen.asks).toBeGreaterThan(2)
  })

  it('is believed at once where nobody can pull the token out', async () => {
    const { seen, generate } = slotOf(0, 1)
    expect(await generate()).toMatchObject({ code: 'device.refused' })
    expect(seen.asks).toBe(1)
  })
})

const CKF_REMOVABLE_DEVICE = 2
