import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { RpcFormatError } from './rpc-bytes.ts'
import { ERROR_CALL, ERROR_SIGNATURE, findRpcCall } from './rpc-calls.ts'
import { decodeMessage, encodeMessage } from './rpc-codec.ts'
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

  it.each(framed.map((entry, index) => ({ index, ...entry })))(
    '$index $call: decode and encode to the same bytes',
    ({ requestHex, responseHex }) => {
      expect(rebuild(requestHex)).toBe(requestHex)
      expect(rebuild(responseHex)).toBe(responseHex)
    },
  )

  it.each(framed.map((entry, index) => ({ index, ...entry })))(
    '$index $call: have the name and the signatures of the call table',
    ({ call, requestHex, responseHex }) => {
      const request = decodeMessage(onlyFrame(requestHex).body)
      const response = decodeMessage(onlyFrame(responseHex).body)
      const entry = findRpcCall(request.callId)
      expect(entry?.name).toBe(call)
      expect(request.signature).toBe(entry?.request)
      const failed = response.callId === ERROR_CALL
      expect(response.signature).toBe(failed ? ERROR_SIGNATURE : entry?.response)
    },
  )

  it('are put together again from pieces of any size', () => {
    const stream = Buffer.from(framed.map((entry) => entry.requestHex).join(''), 'hex')
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), (size) => {
        const assembler = new FrameAssembler()
        const frames: Frame[] = []
        for (let at = 0; at < stream.length; at += size) frames.push(...assembler.push(stream.subarray(at, at + size)))
        expect(Buffer.concat(frames.map(encodeFrame)).equals(stream)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('cut short or with bits flipped end in a format error or in values, never in anything else', () => {
    const bodies = framed.map((entry) => onlyFrame(entry.requestHex).body)
    fc.assert(
      fc.property(fc.constantFrom(...bodies), fc.nat(), fc.nat(255), fc.nat(), (body, at, bits, cut) => {
        const broken = Uint8Array.from(body).subarray(0, body.length - (cut % body.length))
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
