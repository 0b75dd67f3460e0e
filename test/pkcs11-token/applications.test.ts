import { describe, expect, it } from 'vitest'
import { CKA } from '../../devices/pkcs11/pkcs11-constants.ts'
import { PLAIN_PIN } from '../../src/sandbox/pkcs11-token/personalities/plain.ts'
import { RETURN_VALUES as CKR } from '../../src/sandbox/pkcs11-token/return-values.ts'
import {
  generateEc,
  initialize,
  lastValue,
  login,
  openSession,
  runSteps,
  slots,
  step,
  template,
} from './cryptoki-program.ts'
import { installed, withToken } from './running-token.ts'

const DONT_BLOCK = 1
const MUST_NOT_BLOCK = step('C_WaitForSlotEvent', DONT_BLOCK)

describe.runIf(installed())('several applications at one token', () => {
  const under = withToken({ name: 'plain', settings: { twins: 1 } })

  it('make keys side by side, each its own', async () => {
    const labels = ['a', 'b', 'c', 'd']
    const results = await Promise.all(
      labels.map((label) =>
        runSteps(under(), [
          ...openSession(),
          login(PLAIN_PIN),
          generateEc({ [CKA.LABEL]: label }, { [CKA.LABEL]: label }),
          step('C_FindObjectsInit', '$session', template({ [CKA.LABEL]: label })),
          step('C_FindObjects', '$session', 10),
        ]),
      ),
    )
    for (const result of results) expect(lastValue(result)).toHaveLength(2)
    const { openSessions, connections } = await under().token.control.statistics()
    expect({ openSessions, open: connections.open }).toEqual({ openSessions: 0, open: 0 })
  })

  it('see two tokens with one label and two serials', async () => {
    const results = await runSteps(under(), [
      initialize,
      slots,
      step('C_GetTokenInfo', '$slots.0'),
      step('C_GetTokenInfo', '$slots.1'),
    ])
    const infos = results
      .slice(2)
      .map(({ value }) => value as { readonly label: string; readonly serialNumber: string })
    expect(new Set(infos.map(({ label }) => label)).size).toBe(1)
    expect(new Set(infos.map(({ serialNumber }) => serialNumber)).size).toBe(2)
  })

  it('learn of a token that went, once', async () => {
    const none = await runSteps(under(), [initialize, MUST_NOT_BLOCK])
    // pkcs11js makes null of CKR_NO_EVENT.
    expect(none.at(-1)).toEqual({ value: null })
    await under().token.control.setFaults('C_GetInfo#1:before:remove-token')
    const results = await runSteps(under(), [...openSession(1), step('C_GetInfo'), MUST_NOT_BLOCK, MUST_NOT_BLOCK])
    const [event, again] = results.slice(-2)
    expect(event?.value).toEqual({ hex: '0100000000000000' })
    expect(again).toEqual({ value: null })
    await under().token.control.setFaults()
    await under().token.control.request({ do: 'insert-token', slot: 1 })
  })

  it('lose their sessions when the network goes, and the token keeps its keys', async () => {
    const before = (await under().token.control.objects()).length
    await under().token.control.request({ do: 'drop-connections' })
    expect(await under().token.control.objects()).toHaveLength(before)
    const results = await runSteps(under(), [...openSession(), login(PLAIN_PIN), step('C_Logout', '$session')])
    expect(results.filter(({ returnValue }) => returnValue !== undefined)).toEqual([])
  })
})

describe.runIf(installed())('a Luna high-availability slot', () => {
  const under = withToken({ name: 'luna', settings: { highAvailability: true } })

  it('reads attributes only after a search', async () => {
    const read = step('C_GetAttributeValue', '$session', '$keys.privateKey', [{ type: 0x80000007 }])
    const results = await runSteps(under(), [
      ...openSession(),
      login('crypto-officer-1'),
      generateEc(),
      read,
      step('C_FindObjectsInit', '$session', template({})),
      step('C_FindObjectsFinal', '$session'),
      read,
    ])
    expect(results.at(-4)?.returnValue).toBe(CKR.CKR_OBJECT_HANDLE_INVALID)
    expect(results.at(-1)?.returnValue).toBeUndefined()
  })
})
