import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { anyMessage } from '../../../test/pkcs11-token/any-message.ts'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { Application } from './application.ts'
import { ConnectionDropped, dispatch } from './dispatch.ts'
import { plainPersonality } from './personalities/plain.ts'
import { RETURN_VALUES } from './return-values.ts'
import { RpcFormatError } from './rpc-bytes.ts'
import { findRpcCall, RPC_CALLS } from './rpc-calls.ts'
import { decodeMessage, encodeMessage, type RpcMessage } from './rpc-codec.ts'
import { type Frame, FrameAssembler } from './rpc-frame.ts'
import type { RpcValue } from './rpc-values.ts'
import { TokenHost } from './token-host.ts'

interface Captured {
  readonly call: string
  readonly requestHex: string
  readonly responseHex: string
  readonly comment: string
}

const vectors = sharedFolder('vectors')
const captured: readonly Captured[] =
  vectors === undefined
    ? []
    : (JSON.parse(readFileSync(join(vectors, 'p11-kit-rpc-capture.json'), 'utf8')) as readonly Captured[]).filter(
        ({ call, comment }) => call !== 'handshake' && !comment.includes('[throw-away server]'),
      )

const bodyOf = (hex: string): Uint8Array => {
  const [frame] = new FrameAssembler().push(Buffer.from(hex, 'hex'))
  return (frame as Frame).body
}

/** The captured session had slot and session 0x11 and SoftHSM's object handles; this token counts from 1. */
const SLOT = 0x11n
const SESSION = 0x11n
const OBJECTS: ReadonlyMap<bigint, bigint> = new Map([
  [3n, 1n],
  [4n, 2n],
  [5n, 3n],
  [6n, 4n],
  [0xbn, 5n],
])

/** What SoftHSM has and this token has not, or the other way round, by place in the capture's order of calls. */
const DIFFERENT_BY_PURPOSE: Readonly<Record<string, (request: RpcMessage) => boolean>> = {
  C_EncryptInit: () => true,
  C_WaitForSlotEvent: () => true,
  C_SignInit: ({ values }) => values.some((value) => value.code === 'M' && value.mechanism.mechanism === 0xd),
}

function translate(call: string, { values, ...message }: RpcMessage): RpcMessage {
  const slotCall = /^C_(GetSlot|GetToken|GetMechanism|OpenSession|CloseAll)/.test(call)
  const objectAt = /^C_(DestroyObject|GetAttributeValue|SetAttributeValue)$/.test(call)
    ? 1
    : /Init$/.test(call)
      ? 2
      : -1
  return {
    ...message,
    values: values.map((value, index): RpcValue => {
      if (value.code !== 'u') return value
      if (index === 0 && !slotCall && value.value === SESSION) return { code: 'u', value: 1n }
      if (index === objectAt) return { code: 'u', value: OBJECTS.get(value.value) ?? value.value }
      return value
    }),
  }
}

/** What must be the same in two answers to one question, whatever product answers: codes, widths, lengths, presence. */
function shapeOf(value: RpcValue): unknown {
  switch (value.code) {
    case 's':
      return value.value.length
    case 'ay':
      return { length: value.length, present: value.value !== null }
    case 'au':
      return value.items === null ? 'length only' : 'items'
    case 'aA':
      return value.attributes.map(({ type, length, value: bytes }) => ({ type, length, present: bytes !== null }))
    default:
      return value.code
  }
}

describe.runIf(vectors !== undefined)('the requests that Debian’s client really sent', () => {
  const replies: { readonly call: string; readonly wanted: RpcMessage; readonly got: RpcMessage }[] = []

  beforeAll(async () => {
    const personality = plainPersonality({ userPin: '1234' })
    const slots = personality.slots.map((slot) => ({ ...slot, id: SLOT }))
    const application = new Application(new TokenHost({ ...personality, slots }))
    let skipSign = false
    for (const { call, requestHex, responseHex } of captured) {
      const request = decodeMessage(bodyOf(requestHex))
      if (DIFFERENT_BY_PURPOSE[call]?.(request)) {
        skipSign = call === 'C_SignInit'
        continue
      }
      if (call === 'C_Sign' && skipSign) {
        skipSign = false
        continue
      }
      const reply = await dispatch(application, encodeMessage(translate(call, request)), 'null-array')
      const wanted = decodeMessage(bodyOf(responseHex))
      // The product's own signature over the product's own key.
      if (call !== 'C_Verify') replies.push({ call, wanted, got: decodeMessage(reply) })
    }
  })

  it('are answered with frames of the same shape', () => {
    expect(replies.length).toBeGreaterThan(40)
    const brief = ({ callId, signature, values }: RpcMessage) => ({
      call: findRpcCall(callId)?.name ?? 'ERROR',
      signature,
      shapes: values.map(shapeOf),
    })
    expect(replies.map(({ got }) => brief(got))).toEqual(replies.map(({ wanted }) => brief(wanted)))
  })

  it('get the same CK_RV where they are refused', () => {
    const errors = replies.filter(({ wanted }) => wanted.callId === 0)
    expect(errors.length).toBeGreaterThanOrEqual(3)
    for (const { got, wanted } of errors) expect(got.values).toEqual(wanted.values)
  })
})

describe('whatever a client sends', () => {
  // Real requests, and well-formed ones of any call.
  const real = captured.map(({ requestHex }) => fc.constant(bodyOf(requestHex)))
  const anyBody = fc.oneof(...RPC_CALLS.map(({ id, request }) => anyMessage(id, request).map(encodeMessage)), ...real)

  it('gets a reply of the table or loses its connection', async () => {
    const host = new TokenHost(plainPersonality())
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyBody, fc.nat(), fc.nat(255)), { maxLength: 12 }), async (requests) => {
        const application = new Application(host)
        application.initialized = true
        for (const [body, at, bits] of requests) {
          const broken = Uint8Array.from(body)
          broken[at % broken.length] = (broken[at % broken.length] ?? 0) ^ bits
          if (broken[3] === 59 || broken[3] === 65) continue
          try {
            const reply = decodeMessage(await dispatch(application, broken, 'null-array'))
            expect(reply.signature).toBe(reply.callId === 0 ? 'u' : findRpcCall(reply.callId)?.response)
            // CKR_GENERAL_ERROR is what a defect of the token would be answered with.
            if (reply.callId === 0 && broken[3] !== 1) {
              expect(reply.values).not.toEqual([{ code: 'u', value: BigInt(RETURN_VALUES.CKR_GENERAL_ERROR) }])
            }
          } catch (error) {
            if (!(error instanceof RpcFormatError) && !(error instanceof ConnectionDropped)) throw error
          }
        }
        application.end()
      }),
      { numRuns: 300 },
    )
  })
})
