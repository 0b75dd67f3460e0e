import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyMessage } from '../../../test/pkcs11-token/any-message.ts'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { RpcFormatError } from './rpc-bytes.ts'
import { ERROR_CALL, ERROR_SIGNATURE, findRpcCall, RPC_CALLS, type RpcCall } from './rpc-calls.ts'
import { decodeMessage, encodeMessage, type RpcMessage } from './rpc-codec.ts'
import { encodeFrame, type Frame, FrameAssembler, FrameError } from './rpc-frame.ts'

interface Captured {
  readonly call: string
  readonly requestHex: string
  readonly responseHex: string
}

const vectors = sharedFolder('vectors')
const captured: readonly Captured[] =
  vectors === undefined
    ? []
    : (JSON.parse(readFileSync(join(vectors, 'p11-kit-rpc-capture.json'), 'utf8')) as readonly Captured[])
const framed = captured.filter((entry) => entry.call !== 'handshake')

function onlyFrame(hex: string): Frame {
  const [frame, ...rest] = new FrameAssembler().push(Buffer.from(hex, 'hex'))
  if (frame === undefined || rest.length > 0) throw new Error('not exactly one frame')
  return frame
}

const rebuild = (hex: string): string => {
  const frame = onlyFrame(hex)
  return Buffer.from(encodeFrame({ ...frame, body: encodeMessage(decodeMessage(frame.body)) })).toString('hex')
}

describe.runIf(vectors !== undefined)('frames that p11-kit 0.24.1 and its server exchanged', () => {
  it('are all there', () => expect(framed.length).toBeGreaterThanOrEqual(60))

  it('decode and encode to the same bytes', () => {
    for (const { call, requestHex, responseHex } of framed) {
      expect(rebuild(requestHex), call).toBe(requestHex)
      expect(rebuild(responseHex), call).toBe(responseHex)
    }
  })

  it('have the name and the signatures of the call table', () => {
    for (const { call, requestHex, responseHex } of framed) {
      const request = decodeMessage(onlyFrame(requestHex).body)
      const response = decodeMessage(onlyFrame(responseHex).body)
      const entry = findRpcCall(request.callId)
      expect(entry?.name).toBe(call)
      expect(request.signature, call).toBe(entry?.request)
      const failed = response.callId === ERROR_CALL
      expect(response.signature, call).toBe(failed ? ERROR_SIGNATURE : entry?.response)
    }
  })
})

describe('a message of any call', () => {
  const numRuns = 25
  const request = ({ id, request: signature }: RpcCall) => anyMessage(id, signature)
  const response = ({ id, response: signature }: RpcCall) => anyMessage(id, signature)

  function arrivesAsItWasSent(message: RpcMessage): void {
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  }

  it.each(RPC_CALLS)('$name: what is asked arrives as it was sent, whatever it is', (call) => {
    fc.assert(fc.property(request(call), arrivesAsItWasSent), { numRuns })
  })

  it.each(RPC_CALLS)('$name: what is answered arrives as it was sent, whatever it is', (call) => {
    fc.assert(fc.property(response(call), arrivesAsItWasSent), { numRuns })
  })

  const any = fc.oneof(...RPC_CALLS.map(request), ...RPC_CALLS.map(response))

  it('is put together again from pieces of any size', () => {
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 700 }), (messages, size) => {
        const sent = messages.map((message, index) => ({ serial: index + 1, body: encodeMessage(message) }))
        const stream = Buffer.concat(sent.map((frame) => encodeFrame({ ...frame, options: new Uint8Array() })))
        const assembler = new FrameAssembler()
        const frames: Frame[] = []
        for (let at = 0; at < stream.length; at += size) frames.push(...assembler.push(stream.subarray(at, at + size)))
        expect(frames.map(({ serial, body }) => ({ serial, body: Uint8Array.from(body) }))).toEqual(
          sent.map(({ serial, body }) => ({ serial, body: Uint8Array.from(body) })),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('cut short or with bits flipped ends in a format error or in values, never in anything else', () => {
    const real = framed.map((entry) => fc.constant(onlyFrame(entry.requestHex).body))
    const body = fc.oneof(any.map(encodeMessage), ...real)
    fc.assert(
      fc.property(body, fc.nat(), fc.nat(255), fc.nat(), (bytes, at, bits, cut) => {
        const broken = Uint8Array.from(bytes).subarray(0, bytes.length - (cut % bytes.length))
        broken[at % broken.length] = (broken[at % broken.length] ?? 0) ^ bits
        try {
          decodeMessage(broken)
        } catch (error) {
          expect(error).toBeInstanceOf(RpcFormatError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a stream that cannot be frames', () => {
  it.each([
    ['serial 0', '000000000000000000000008'],
    ['a body of 4 GiB', '0000001000000000ffffffff'],
    ['options of 4 GiB', '00000010ffffffff00000000'],
  ])('is refused before anything is allocated: %s', (_, hex) => {
    expect(() => new FrameAssembler().push(Buffer.from(hex, 'hex'))).toThrow(FrameError)
  })

  it('with a count of 2^32-1 attributes is refused', () => {
    const body = Buffer.from('0000001a0000000375614100000000000000010fffffff', 'hex')
    expect(() => decodeMessage(body)).toThrow(RpcFormatError)
  })
})

describe('mechanisms of clients from 0.25.6 on', () => {
  const signInit = (mechanism: string): Uint8Array =>
    Buffer.from(`0000002a00000003754d75${'00'.repeat(7)}01${mechanism}${'00'.repeat(7)}06`, 'hex')

  it('have nothing after the number where they take no parameter', () => {
    expect(decodeMessage(signInit('00001041'), 'presence-byte').values).toMatchObject([
      { value: 1n },
      { mechanism: { mechanism: 0x1041, parameters: [] } },
      { value: 6n },
    ])
  })

  it('have a presence byte before a parameter', () => {
    const pss = `0000000d01${'00'.repeat(6)}0250${'00'.repeat(7)}02${'00'.repeat(7)}20`
    expect(decodeMessage(signInit(pss), 'presence-byte').values).toMatchObject([
      { value: 1n },
      { mechanism: { mechanism: 0xd, parameters: [0x250n, 2n, 32n] } },
      { value: 6n },
    ])
  })
})
