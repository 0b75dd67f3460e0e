import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { CKA } from '../../devices/pkcs11/pkcs11-constants.ts'
import { PLAIN_PIN } from '../../src/sandbox/pkcs11-token/personalities/plain.ts'
import { RETURN_VALUES as CKR } from '../../src/sandbox/pkcs11-token/return-values.ts'
import {
  CHILD,
  generateEc,
  lastReturnValue,
  lastValue,
  login,
  openSession,
  runSteps,
  step,
  template,
} from './cryptoki-program.ts'
import { installed, type TokenUnderTest, withToken } from './running-token.ts'

const ready = [...openSession(), login(PLAIN_PIN)]
const begin = step('C_SignInit', '$session', { mechanism: 0x1041 }, '$keys.privateKey')
const sign = step('C_Sign', '$session', { hex: '00'.repeat(32) }, { room: 64 })

const keysLabelled = async (under: TokenUnderTest, label: string): Promise<number> =>
  (await under.token.control.objects()).filter(
    ({ attributes }) => attributes['3'] === Buffer.from(label).toString('base64'),
  ).length

describe.runIf(installed())('faults on demand', () => {
  const under = withToken({ name: 'plain' })
  afterEach(async () => {
    await under().token.control.setFaults()
    await under().token.control.request({ do: 'insert-token', slot: 0 })
  })

  it('every CK_RV reaches the caller of the call it was meant for', async () => {
    const codes = Object.values(CKR).filter((code) => code !== CKR.CKR_OK && code !== CKR.CKR_BUFFER_TOO_SMALL)
    await under().token.control.setFaults(
      ...codes.map((code, index) => `C_SignInit#${index + 1}:before:answer=0x${code.toString(16)}` as const),
    )
    const results = await runSteps(under(), [...ready, generateEc(), ...codes.map(() => begin), begin, sign])
    const answers = results.slice(ready.length + 1).map(({ returnValue }) => returnValue)
    expect(answers).toEqual([...codes, undefined, undefined])
  })

  it('a call that happens and then says that it did not leaves its key', async () => {
    await under().token.control.setFaults('C_GenerateKeyPair#1:after:answer=CKR_DEVICE_ERROR')
    const steps = [...ready, generateEc({ [CKA.LABEL]: 'after' }, { [CKA.LABEL]: 'after' })]
    expect(await lastReturnValue(under(), steps)).toBe(CKR.CKR_DEVICE_ERROR)
    expect(await keysLabelled(under(), 'after')).toBe(2)
  })

  it('a call that fails before leaves nothing', async () => {
    await under().token.control.setFaults('C_GenerateKeyPair#1:before:answer=CKR_DEVICE_MEMORY')
    const steps = [...ready, generateEc({ [CKA.LABEL]: 'before' }, { [CKA.LABEL]: 'before' })]
    expect(await lastReturnValue(under(), steps)).toBe(CKR.CKR_DEVICE_MEMORY)
    expect(await keysLabelled(under(), 'before')).toBe(0)
  })

  it('a dropped connection ends the application and not the token', async () => {
    await under().token.control.setFaults('C_GenerateKeyPair#1:after:drop')
    const results = await runSteps(under(), [
      ...ready,
      generateEc({ [CKA.LABEL]: 'kept' }, { [CKA.LABEL]: 'kept' }),
      step('C_GetSessionInfo', '$session'),
      step('C_Finalize'),
      ...ready,
      step('C_FindObjectsInit', '$session', template({ [CKA.LABEL]: 'kept' })),
      step('C_FindObjects', '$session', 5),
    ])
    const [generated, afterwards] = results.slice(ready.length)
    expect(generated?.returnValue).toBe(CKR.CKR_DEVICE_ERROR)
    expect(afterwards?.returnValue).toBe(CKR.CKR_DEVICE_ERROR)
    expect(lastValue(results)).toHaveLength(2)
  })

  it('a slow call takes its time', async () => {
    await under().token.control.setFaults('C_GetInfo#1:before:delay=300')
    const start = performance.now()
    expect(await lastReturnValue(under(), [...ready, step('C_GetInfo')])).toBe(CKR.CKR_OK)
    expect(performance.now() - start).toBeGreaterThan(295)
  })

  it('a token pulled out before generation is not present', async () => {
    await under().token.control.request({ do: 'remove-token', slot: 0 })
    const results = await runSteps(under(), [step('C_Initialize', { flags: 2 }), step('C_GetSlotList', true)])
    expect(lastValue(results)).toEqual([])
  })

  it('a token pulled out during generation makes no key and loses the session', async () => {
    await under().token.control.setFaults('C_GenerateKeyPair#1:during:remove-token')
    const results = await runSteps(under(), [
      ...ready,
      generateEc({ [CKA.LABEL]: 'pulled' }, { [CKA.LABEL]: 'pulled' }),
      step('C_GetSessionInfo', '$session'),
      step('C_OpenSession', '$slots.0', 6),
    ])
    expect(results.slice(ready.length).map(({ returnValue }) => returnValue)).toEqual([
      CKR.CKR_DEVICE_REMOVED,
      CKR.CKR_SESSION_HANDLE_INVALID,
      CKR.CKR_TOKEN_NOT_PRESENT,
    ])
    expect(await keysLabelled(under(), 'pulled')).toBe(0)
  })

  it('a token pulled out after generation has the key when it is back', async () => {
    await under().token.control.setFaults('C_GenerateKeyPair#1:after:remove-token')
    const results = await runSteps(under(), [
      ...ready,
      generateEc({ [CKA.LABEL]: 'made' }, { [CKA.LABEL]: 'made' }),
      begin,
    ])
    expect(results.slice(ready.length).map(({ returnValue }) => returnValue)).toEqual([
      undefined,
      CKR.CKR_SESSION_HANDLE_INVALID,
    ])
    expect(await keysLabelled(under(), 'made')).toBe(2)
  })

  it('an abort of the caller inside a call leaves the key, no session and no connection', async () => {
    await under().token.control.setFaults('C_GenerateKeyPair#1:after:hang')
    const { token, module } = under()
    const child = spawn(process.execPath, [CHILD, module, 'tell'], { env: { ...process.env, ...token.environment } })
    const ended = once(child, 'exit')
    child.stdin.end(JSON.stringify([...ready, generateEc({ [CKA.LABEL]: 'crash' }, { [CKA.LABEL]: 'crash' })]))
    while ((await keysLabelled(under(), 'crash')) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGABRT')
    expect(await ended).toEqual([null, 'SIGABRT'])
    await expect.poll(async () => (await token.control.statistics()).connections.open).toBe(0)
    expect((await token.control.statistics()).openSessions).toBe(0)
    expect(await keysLabelled(under(), 'crash')).toBe(2)
  })

  it('counts the calls and logins of one application', async () => {
    await under().token.control.request({ do: 'reset-statistics' })
    await runSteps(under(), [...openSession(), login('wrong-pin'), login(PLAIN_PIN), generateEc(), begin, sign])
    const { calls, logins, connections } = await under().token.control.statistics()
    expect(logins).toEqual({ attempted: 2, accepted: 1, refused: 1 })
    expect(calls).toMatchObject({ C_Initialize: 1, C_OpenSession: 1, C_Login: 2, C_GenerateKeyPair: 1, C_Sign: 1 })
    expect(connections.opened).toBe(1)
  })
})

describe.runIf(installed())('bytes that are no protocol', () => {
  const under = withToken({ name: 'plain' })
  const exchange = (bytes: Uint8Array): Promise<Buffer> =>
    new Promise((resolve) => {
      const socket = connect(under().token.socketPath)
      const received: Buffer[] = []
      socket.on('data', (chunk: Buffer) => received.push(chunk))
      socket.on('close', () => resolve(Buffer.concat(received)))
      socket.on('error', () => {})
      socket.end(bytes)
    })

  it('a flood of requests that wait for an event ends in a closed connection', async () => {
    const initialize = '000000100000000000000042000000010000000561797961790100000029'
    const handshake = Buffer.from('PRIVATE-GNOME-KEYRING-PKCS11-PROTOCOL-V-1').toString('hex')
    const wait = '00000011000000000000001100000041000000017500000000'
    const hex = `00${initialize}${handshake}00010000000100${`${wait}00000000`.repeat(200)}`
    const socket = connect(under().token.socketPath)
    socket.on('error', () => {})
    socket.resume()
    socket.write(Buffer.from(hex, 'hex'))
    await once(socket, 'close')
    const { C_WaitForSlotEvent: begun = 0 } = (await under().token.control.statistics()).calls
    expect(begun).toBeGreaterThanOrEqual(64)
    expect(begun).toBeLessThan(70)
    await expect.poll(async () => (await under().token.control.statistics()).connections.open).toBe(0)
  })

  it.each([
    ['a frame of 4 GiB', '000000001000000000ffffffff'],
    ['serial 0', '00000000000000000000000008'],
    ['a signature beyond the end', '00000000100000000000000008000000040000ffff'],
    ['a call before C_Initialize', '0000000010000000000000000800000003 00000000'.replaceAll(' ', '')],
    ['an unknown call', '000000001000000000000000080000ffff00000000'],
    ['half a header', '0000000010'],
  ])('end in a refusal or a closed connection: %s', async (_, hex) => {
    const reply = await exchange(Buffer.from(hex, 'hex'))
    expect(reply.length === 1 || reply.length === 30, reply.toString('hex')).toBe(true)
    expect(await lastReturnValue(under(), ready)).toBe(CKR.CKR_OK)
  })
})
