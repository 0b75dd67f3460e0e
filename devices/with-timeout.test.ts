import { describe, expect, it } from 'vitest'
import { whileCollecting } from '../test/collect-garbage.ts'
import { withTimeout } from './with-timeout.ts'

/** How the signal ends. Nothing else refers to it meanwhile. */
const reasonOf = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) =>
    signal.addEventListener('abort', (event) => resolve(Reflect.get(event.target ?? {}, 'reason'))),
  )

describe('a time-out beside another signal', () => {
  const never = new AbortController().signal

  it('comes although garbage is collected meanwhile', async () => {
    const reason = await whileCollecting(reasonOf(withTimeout(AbortSignal.timeout(200), never)))
    expect(reason).toMatchObject({ name: 'TimeoutError' })
  })

  it('comes alone, and as a time-out of a time-out', async () => {
    const alone = whileCollecting(reasonOf(withTimeout(AbortSignal.timeout(200), undefined)))
    const inner = whileCollecting(reasonOf(withTimeout(AbortSignal.timeout(3_600_000), AbortSignal.timeout(200))))
    expect(await alone).toMatchObject({ name: 'TimeoutError' })
    expect(await inner).toMatchObject({ name: 'TimeoutError' })
  })

  it('gives way to the signal that comes first', async () => {
    const abort = new AbortController()
    const ended = reasonOf(withTimeout(AbortSignal.timeout(3_600_000), abort.signal))
    abort.abort('first')
    expect(await ended).toBe('first')
    const already = withTimeout(AbortSignal.timeout(3_600_000), AbortSignal.abort('before'))
    expect(already.reason).toBe('before')
  })
})
