import { describe, expect, it } from 'vitest'
import { FaultScript, FaultScriptError, parseFault, readFaultScript } from './fault-script.ts'
import { RETURN_VALUES } from './return-values.ts'

describe('a fault in its text form', () => {
  it.each([
    [
      'C_Sign#2:before:answer=CKR_DEVICE_ERROR',
      { call: 'C_Sign', occurrence: 2, when: 'before', action: { do: 'answer', returnValue: 0x30 } },
    ],
    ['C_GenerateKeyPair:after:drop', { call: 'C_GenerateKeyPair', when: 'after', action: { do: 'drop' } }],
    ['C_Sign:before:delay=500', { call: 'C_Sign', when: 'before', action: { do: 'delay', milliseconds: 500 } }],
    [
      'C_Login#1:before:answer=0x80000042',
      { call: 'C_Login', occurrence: 1, when: 'before', action: { do: 'answer', returnValue: 0x80000042 } },
    ],
  ])('is read: %s', (text, fault) => expect(parseFault(text)).toEqual(fault))

  it.each(Object.keys(RETURN_VALUES).filter((name) => name !== 'CKR_OK'))('may answer %s', (name) => {
    expect(parseFault(`C_Sign:before:answer=${name}`).action).toMatchObject({ do: 'answer' })
  })

  it.each([
    'C_Nothing:before:drop',
    'C_Sign:sometimes:drop',
    'C_Sign:before:explode',
    'C_Sign:before:answer=CKR_OK',
    'C_Sign:before:answer=0x0',
    'C_Sign:before:delay=99999999',
    'C_Sign#0:before:drop',
    '',
  ])('is refused: %s', (text) => expect(() => parseFault(text)).toThrow(FaultScriptError))
})

describe('a fault script', () => {
  it('is a JSON array of strings and nothing else', () => {
    expect(readFaultScript('["C_Sign:after:drop"]')).toHaveLength(1)
    for (const bad of ['', '{}', '[1]', '["x"]']) expect(() => readFaultScript(bad)).toThrow(FaultScriptError)
  })

  it('counts occurrences of each call from when it was set', () => {
    const script = new FaultScript()
    script.due('C_Sign')
    script.set([parseFault('C_Sign#2:before:drop'), parseFault('C_Login:before:hang')])
    expect(script.due('C_Sign')).toHaveLength(0)
    expect(script.due('C_Login')).toHaveLength(1)
    expect(script.due('C_Sign')).toHaveLength(1)
    expect(script.due('C_Sign')).toHaveLength(0)
    expect(script.due('C_Login')).toHaveLength(1)
  })
})
