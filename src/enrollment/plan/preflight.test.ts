import { describe, expect, it } from 'vitest'
import { DeviceError } from '../../../devices/device.ts'
import { loadConfiguration } from '../../config/configuration.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import { refuseUnworkable } from './preflight.ts'

const WORKABLE = {
  'device.uri': 'yubihsm2:',
  'device.secrets.password': 'env:PASSWORD',
  'request.subject': 'CN=Example GmbH,C=NL',
  'sectigo.endpoint': 'https://ca.example',
  'sectigo.loginName': 'env:NAME',
  'sectigo.loginPassword': 'env:PASSWORD',
  'order.product': '1214',
}
const ORDER = {
  ...{ days: '365', SmartCardBased: 'N', isCustomerValidated: 'N', organizationName: 'Example GmbH' },
  ...{ streetAddress1: 'Oudegracht 1', localityName: 'Utrecht', stateOrProvinceName: 'Utrecht', countryName: 'NL' },
  ...{ postalCode: '3511 AB', appRepTitle: 'Director', appRepForename: 'Zoë', appRepSurname: 'Example' },
  ...{ appRepEmailAddress: 'zoe@signing.example', contactEmailAddress: 'zoe@signing.example' },
}
const env = { HOME: '/nonexistent', PASSWORD: 'secret', NAME: 'name' }

async function refusal(changed: Readonly<Record<string, string | undefined>>, confirmed = true): Promise<unknown> {
  const order = Object.fromEntries(Object.entries(ORDER).map(([name, value]) => [`order.${name}`, value]))
  const flags = { ...WORKABLE, ...order, ...changed }
  const configuration = await loadConfiguration({ env, cwd: '/', systemDirectory: '/nonexistent', flags })
  return refuseUnworkable(configuration, { reading: { env }, confirmed }).then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a profile before a run exists', () => {
  it('begins if it can work and its order is confirmed', async () => {
    expect(await refusal({})).toBeUndefined()
    expect(await refusal({}, false)).toMatchObject({ code: 'order.unconfirmed', exitCode: EXIT.usage })
  })

  it('is refused with the error of the device itself, its class and vendor code kept', async () => {
    const error = await refusal({ 'device.uri': 'yubihsm2:nonsense=1' })
    expect(error).toBeInstanceOf(DeviceError)
    expect(error).toMatchObject({ code: 'device.uri' })
  })

  it('is refused with the first of several, which stays its cause', async () => {
    const error = await refusal({ 'device.uri': 'yubihsm2:nonsense=1', 'order.countryName': 'Netherlands' })
    expect(error).toBeInstanceOf(DeviceError)
    expect(error).toMatchObject({
      code: 'device.uri',
      message: expect.stringMatching(/\(and 1 more; see `hsm-enroll plan`\)$/),
      cause: expect.objectContaining({ code: 'device.uri' }),
    })
  })

  it('is refused with exit code 1 for what the CA would refuse of the form', async () => {
    const error = await refusal({ 'order.countryName': 'Netherlands' })
    expect(error).toBeInstanceOf(EnrollError)
    expect(error).toMatchObject({ code: 'order.form', exitCode: EXIT.refused })
  })

  it('is refused for a subject that the policy would refuse once the key is there', async () => {
    const error = await refusal({ 'request.subject': `CN=${'x'.repeat(65)},C=NL` })
    expect(error).toMatchObject({ code: 'policy.request.subject-length', exitCode: EXIT.usage })
  })
})
