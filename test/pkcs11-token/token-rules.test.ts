import { beforeEach, describe, expect, it } from 'vitest'
import { CKA } from '../../devices/pkcs11/pkcs11-constants.ts'
import { PLAIN_PIN, PLAIN_SO_PIN } from '../../src/sandbox/pkcs11-token/personalities/plain.ts'
import { RETURN_VALUES as CKR } from '../../src/sandbox/pkcs11-token/return-values.ts'
import {
  generateEc,
  initialize,
  lastReturnValue,
  lastValue,
  login,
  openSession,
  P256,
  runSteps,
  saving,
  slots,
  step,
  template,
} from './cryptoki-program.ts'
import { installed, withToken } from './running-token.ts'

const available = installed()
const READ_ONLY = 4

describe.runIf(available)('the PIN of the virtual token', () => {
  const under = withToken({ name: 'plain' })
  const flags = async (): Promise<number> => {
    const results = await runSteps(under(), [initialize, slots, step('C_GetTokenInfo', '$slots.0')])
    const { flags: bits } = lastValue(results) as { readonly flags: number }
    return bits
  }
  beforeEach(() => under().token.control.request({ do: 'tries-left', slot: 0, role: 'user', tries: 3 }))

  it('counts down over processes: low, final try, locked', async () => {
    const wrong = [...openSession(), login('wrong-pin')]
    expect((await flags()) & 0x70000).toBe(0)
    expect(await lastReturnValue(under(), wrong)).toBe(CKR.CKR_PIN_INCORRECT)
    expect((await flags()) & 0x70000).toBe(0x10000)
    expect(await lastReturnValue(under(), wrong)).toBe(CKR.CKR_PIN_INCORRECT)
    expect((await flags()) & 0x70000).toBe(0x30000)
    expect(await lastReturnValue(under(), wrong)).toBe(CKR.CKR_PIN_LOCKED)
    expect((await flags()) & 0x70000).toBe(0x40000)
    expect(await lastReturnValue(under(), [...openSession(), login(PLAIN_PIN)])).toBe(CKR.CKR_PIN_LOCKED)
  })

  it('is right again after a wrong one, and the counter starts anew', async () => {
    const results = await runSteps(under(), [...openSession(), login('wrong-pin'), login(PLAIN_PIN)])
    expect(results.slice(-2).map((each) => each.returnValue)).toEqual([CKR.CKR_PIN_INCORRECT, undefined])
    expect((await flags()) & 0x70000).toBe(0)
  })

  it('takes no try for a PIN of impossible length, a second login or a wrong role', async () => {
    const results = await runSteps(under(), [
      ...openSession(),
      login('abc'),
      login(PLAIN_PIN, 7),
      login(PLAIN_PIN),
      login('wrong-pin'),
      login(PLAIN_SO_PIN, 0),
    ])
    expect(results.slice(-5).map((each) => each.returnValue)).toEqual([
      CKR.CKR_PIN_LEN_RANGE,
      CKR.CKR_USER_TYPE_INVALID,
      undefined,
      CKR.CKR_USER_ALREADY_LOGGED_IN,
      CKR.CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
    ])
    expect((await flags()) & 0x70000).toBe(0)
  })

  it('is of the connection: another process is not logged in', async () => {
    await lastReturnValue(under(), [...openSession(), login(PLAIN_PIN)])
    expect(await lastReturnValue(under(), [...openSession(), generateEc()])).toBe(CKR.CKR_USER_NOT_LOGGED_IN)
  })

  it('can be unlocked by the security officer', async () => {
    await under().token.control.request({ do: 'tries-left', slot: 0, role: 'user', tries: 0 })
    const results = await runSteps(under(), [
      ...openSession(),
      login(PLAIN_SO_PIN, 0),
      step('C_InitPIN', '$session', PLAIN_PIN),
      step('C_Logout', '$session'),
      login(PLAIN_PIN),
    ])
    expect(results.filter((each) => each.returnValue !== undefined)).toEqual([])
  })
})

describe.runIf(available)('a token that is not ready', () => {
  const pinPad = withToken({ name: 'plain', settings: { protectedAuthenticationPath: true } })
  const expired = withToken({ name: 'plain', settings: { userPinExpired: true } })
  const noPin = withToken({ name: 'plain', settings: { userPin: null } })
  const blank = withToken({ name: 'plain', settings: { initialized: false } })
  const protectedToken = withToken({ name: 'plain', settings: { writeProtected: true } })

  it('with a pin pad takes no PIN from the program', async () => {
    expect(await lastReturnValue(pinPad(), [...openSession(), login(PLAIN_PIN)])).toBe(CKR.CKR_ARGUMENTS_BAD)
    expect(await lastReturnValue(pinPad(), [...openSession(), login('')])).toBe(CKR.CKR_OK)
  })

  it('with an expired PIN wants a new one before it lets anybody in', async () => {
    const results = await runSteps(expired(), [
      ...openSession(),
      login(PLAIN_PIN),
      step('C_SetPIN', '$session', PLAIN_PIN, 'another-pin'),
      login('another-pin'),
    ])
    expect(results.slice(-3).map(({ returnValue }) => returnValue)).toEqual([CKR.CKR_PIN_EXPIRED, undefined, undefined])
  })

  it('without a user PIN says so', async () => {
    expect(await lastReturnValue(noPin(), [...openSession(), login(PLAIN_PIN)])).toBe(CKR.CKR_USER_PIN_NOT_INITIALIZED)
  })

  it('that was never initialised opens no session', async () => {
    expect(await lastReturnValue(blank(), openSession())).toBe(CKR.CKR_TOKEN_NOT_RECOGNIZED)
  })

  it('that is write-protected opens no session for writing', async () => {
    expect(await lastReturnValue(protectedToken(), openSession())).toBe(CKR.CKR_TOKEN_WRITE_PROTECTED)
    expect(await lastReturnValue(protectedToken(), openSession(0, READ_ONLY))).toBe(CKR.CKR_OK)
  })
})

describe.runIf(available)('key pairs of the virtual token', () => {
  const under = withToken({ name: 'plain' })
  const ready = [...openSession(), login(PLAIN_PIN)]

  it('say of themselves that they were made here and cannot leave', async () => {
    const results = await runSteps(under(), [
      ...ready,
      generateEc(),
      step(
        'C_GetAttributeValue',
        '$session',
        '$keys.privateKey',
        [0x163, 0x103, 0x165, 0x162, 0x164].map((type) => ({ type })),
      ),
    ])
    const values = lastValue(results) as readonly { readonly value: { readonly hex: string } }[]
    expect(values.map(({ value }) => value.hex)).toEqual(['01', '01', '01', '00', '01'])
  })

  it('never reveal a private value', async () => {
    const types = [0x11, 0x123, 0x124, 0x125, 0x126, 0x127, 0x128]
    const reads = types.map((type) => step('C_GetAttributeValue', '$session', '$keys.privateKey', [{ type }]))
    const results = await runSteps(under(), [...ready, generateEc(), ...reads])
    const answers = results.slice(-types.length).map(({ returnValue }) => returnValue)
    expect(answers).toEqual(types.map(() => CKR.CKR_ATTRIBUTE_SENSITIVE))
  })

  const REFUSALS = [
    ['no curve', generateEc({ [CKA.EC_PARAMS]: { hex: '' } }), CKR.CKR_DOMAIN_PARAMS_INVALID],
    ['an unknown curve', generateEc({ [CKA.EC_PARAMS]: { hex: '06052b8104000a' } }), CKR.CKR_CURVE_NOT_SUPPORTED],
    ['a key type that is not the mechanism’s', generateEc({ [CKA.KEY_TYPE]: 0 }), CKR.CKR_TEMPLATE_INCONSISTENT],
    ['CKA_LOCAL from outside', generateEc({}, { [CKA.LOCAL]: true }), CKR.CKR_ATTRIBUTE_READ_ONLY],
    ['an attribute nobody knows', generateEc({}, { 2147488308: { hex: '00' } }), CKR.CKR_ATTRIBUTE_TYPE_INVALID],
    ['RSA of 1024 bits', rsa({ [CKA.MODULUS_BITS]: 1024 }), CKR.CKR_KEY_SIZE_RANGE],
    ['RSA without a size', rsa({}), CKR.CKR_TEMPLATE_INCOMPLETE],
    [
      'an even exponent',
      rsa({ [CKA.MODULUS_BITS]: 2048, [CKA.PUBLIC_EXPONENT]: { hex: '010000' } }),
      CKR.CKR_ATTRIBUTE_VALUE_INVALID,
    ],
    ['a mechanism that makes no pairs', rsa({ [CKA.MODULUS_BITS]: 2048 }, 0x1041), CKR.CKR_MECHANISM_INVALID],
  ] as const
  it('are refused for what is wrong with the template, and for nothing else', async () => {
    const results = await runSteps(under(), [...ready, ...REFUSALS.map(([, attempt]) => attempt)])
    const answers = results.slice(ready.length).map(({ returnValue }, index) => [REFUSALS[index]?.[0], returnValue])
    expect(answers).toEqual(REFUSALS.map(([what, , returnValue]) => [what, returnValue]))
  })

  it('are not made in a read-only session', async () => {
    const steps = [...openSession(0, READ_ONLY), login(PLAIN_PIN), generateEc()]
    expect(await lastReturnValue(under(), steps)).toBe(CKR.CKR_SESSION_READ_ONLY)
  })

  it('keep sensitive and non-extractable in one direction, and read-only attributes as they are', async () => {
    const change = (attributes: Readonly<Record<number, unknown>>) =>
      step('C_SetAttributeValue', '$session', '$keys.privateKey', template(attributes))
    const results = await runSteps(under(), [
      ...ready,
      generateEc(),
      change({ [CKA.SENSITIVE]: false }),
      change({ [CKA.EXTRACTABLE]: true }),
      change({ [CKA.LOCAL]: false }),
      change({ [CKA.LABEL]: 'renamed' }),
      generateEc({}, { [CKA.MODIFIABLE]: false }),
      change({ [CKA.LABEL]: 'renamed' }),
    ])
    expect(results.slice(ready.length + 1).map((each) => each.returnValue)).toEqual([
      CKR.CKR_ATTRIBUTE_READ_ONLY,
      CKR.CKR_ATTRIBUTE_READ_ONLY,
      CKR.CKR_ATTRIBUTE_READ_ONLY,
      undefined,
      undefined,
      CKR.CKR_ACTION_PROHIBITED,
    ])
  })

  it('that are session objects end with the session; private ones are not there without a login', async () => {
    const find = (label: string) => [
      step('C_FindObjectsInit', '$session', template({ [CKA.LABEL]: label })),
      step('C_FindObjects', '$session', 9),
      step('C_FindObjectsFinal', '$session'),
    ]
    await runSteps(under(), [
      ...ready,
      generateEc({ [CKA.TOKEN]: false, [CKA.LABEL]: 'passing' }, { [CKA.TOKEN]: false, [CKA.LABEL]: 'passing' }),
      generateEc({ [CKA.LABEL]: 'lasting' }, { [CKA.LABEL]: 'lasting' }),
    ])
    const results = await runSteps(under(), [
      ...openSession(),
      ...find('passing'),
      ...find('lasting'),
      login(PLAIN_PIN),
      ...find('lasting'),
    ])
    const counts = results
      .filter((_, index) => [4, 7, 11].includes(index))
      .map((each) => (each.value as unknown[]).length)
    expect(counts).toEqual([0, 1, 2])
  })
})

describe.runIf(available)('signing', () => {
  const under = withToken({ name: 'plain' })
  const ready = [...openSession(), login(PLAIN_PIN)]
  const digest = { hex: '00'.repeat(32) }
  const begin = step('C_SignInit', '$session', { mechanism: 0x1041 }, '$keys.privateKey')
  const sign = step('C_Sign', '$session', digest, { room: 64 })

  it.each([
    ['without an init', [generateEc(), sign], CKR.CKR_OPERATION_NOT_INITIALIZED],
    ['with two inits', [generateEc(), begin, begin], CKR.CKR_OPERATION_ACTIVE],
    [
      'with the public key',
      [generateEc(), step('C_SignInit', '$session', { mechanism: 0x1041 }, '$keys.publicKey')],
      CKR.CKR_KEY_HANDLE_INVALID,
    ],
    [
      'with RSA on an EC key',
      [generateEc(), step('C_SignInit', '$session', { mechanism: 0x40 }, '$keys.privateKey')],
      CKR.CKR_KEY_TYPE_INCONSISTENT,
    ],
    ['with a key that may not', [generateEc({}, { [CKA.SIGN]: false }), begin], CKR.CKR_KEY_FUNCTION_NOT_PERMITTED],
    [
      'with a mechanism that is not there',
      [generateEc(), step('C_SignInit', '$session', { mechanism: 0x6 }, '$keys.privateKey')],
      CKR.CKR_MECHANISM_INVALID,
    ],
    [
      'with too little room',
      [generateEc(), begin, step('C_Sign', '$session', digest, { room: 8 })],
      CKR.CKR_BUFFER_TOO_SMALL,
    ],
    [
      'with a key that asks for the PIN each time',
      [generateEc({}, { [CKA.ALWAYS_AUTHENTICATE]: true }), begin, sign],
      CKR.CKR_USER_NOT_LOGGED_IN,
    ],
    [
      'with such a key after the PIN',
      [generateEc({}, { [CKA.ALWAYS_AUTHENTICATE]: true }), begin, login(PLAIN_PIN, 2), sign],
      CKR.CKR_OK,
    ],
    [
      'with too little room at first',
      [generateEc(), begin, step('C_Sign', '$session', digest, { room: 8 }), sign],
      CKR.CKR_OK,
    ],
  ])('%s', async (_, steps, returnValue) => {
    expect(await lastReturnValue(under(), [...ready, ...steps])).toBe(returnValue)
  })
})

function rsa(publicAttributes: Readonly<Record<number, unknown>>, mechanism = 0) {
  return saving(
    'keys',
    'C_GenerateKeyPair',
    '$session',
    { mechanism },
    template({ [CKA.TOKEN]: false, ...publicAttributes }),
    template({ [CKA.TOKEN]: false, [CKA.SIGN]: true }),
  )
}

describe.runIf(available)('a curve given twice', () => {
  const under = withToken({ name: 'plain' })
  it('is an inconsistent template', async () => {
    const twice = [
      { type: 0x180, value: P256 },
      { type: 0x180, value: P256 },
    ]
    const steps = [
      ...openSession(),
      login(PLAIN_PIN),
      step('C_GenerateKeyPair', '$session', { mechanism: 0x1040 }, twice, []),
    ]
    expect(await lastReturnValue(under(), steps)).toBe(CKR.CKR_TEMPLATE_INCONSISTENT)
  })
})
