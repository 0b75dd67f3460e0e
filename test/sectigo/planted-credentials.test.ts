import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Secret } from '../../devices/secret.ts'
import { FAULT_KINDS } from '../../src/sandbox/certificate-authority/fault.ts'
import type { TraceEvent } from '../../src/sectigo/http/client.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { clientOptions, documentSigningForm, start } from './rehearsal-kit.ts'

const NAME = 'planted name+äß'
const WORD = 'planted/pass&word=%"1'

test('a planted login appears in no outcome, error or trace, whatever goes wrong and whatever the CA echoes', async () => {
  const ca = await start({ account: { loginName: NAME, loginPassword: WORD } })
  const shown: unknown[] = []
  const trace: TraceEvent[] = []
  const sectigo = createSectigo({
    ...clientOptions(ca),
    credentials: async () => ({ loginName: Secret.fromText(NAME), loginPassword: Secret.fromText(WORD) }),
    timeouts: { connect: 5000, reply: 1000 },
    collection: { floor: 0 },
    trace: (event) => trace.push(event),
  })
  const echo = `you sent ${NAME} / ${WORD} / ${new URLSearchParams({ p: WORD })}`
  for (const kind of FAULT_KINDS) {
    for (const call of [
      () => sectigo.applyOrder(documentSigningForm()),
      () => sectigo.balance(),
      () => sectigo.orderProgress('1'),
      () => sectigo.collect({ orderNumber: '1' }),
    ]) {
      ca.fail({ kind, code: -999, message: echo })
      shown.push(await call().catch((error: unknown) => error))
    }
  }
  shown.push(await sectigo.applyOrder(documentSigningForm()))
  const text = inspect([shown, trace], { depth: 12, maxStringLength: null }) + JSON.stringify([shown, trace])
  expect(text).toContain('[redacted]')
  expect(trace.length).toBeGreaterThan(FAULT_KINDS.length)
  for (const secret of [
    NAME,
    WORD,
    encodeURIComponent(WORD),
    'planted%2Fpass',
    'planted+name',
    Buffer.from(WORD).toString('base64'),
  ]) {
    expect(text).not.toContain(secret)
  }
  await ca.close()
})
