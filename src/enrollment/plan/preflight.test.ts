import { describe, expect, it } from 'vitest'
import { DeviceError } from '../../../devices/device.ts'
import { loadConfiguration } from '../../config/configuration.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import { planFindings } from './plan-findings.ts'
import { refuseUnworkable, refuseUnworkableSteps } from './preflight.ts'

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
const ENV = { HOME: '/nonexistent', PASSWORD: 'secret', NAME: 'name' }

/** A URI of each family with the secrets that it needs, without which nothing gets signed. */
const FAMILIES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['YUBIKEY', { uri: 'yubikey:serial=1;slot=9c', 'secrets.pin': '123456', 'secrets.management-key': '01'.repeat(24) }],
  ['YUBIHSM2', { uri: 'yubihsm2:', 'secrets.password': 'password' }],
  ['LUNA', { uri: 'luna:token=signing', 'secrets.pin': 'password' }],
  ['NSHIELD', { uri: 'nshield:token=signing', 'secrets.pin': 'password' }],
  ['FORTANIX', { uri: 'fortanix:region=eu', 'secrets.api-key': 'QUJDOkRFRg==' }],
  ['MARVELL_GOOGLE', { uri: 'marvell-google:projects/p/locations/l/keyRings/r', 'secrets.token': 'ya29.token' }],
]

/** What a profile of the family holds of its device, each secret in a variable. */
function deviceOf(settings: Readonly<Record<string, string>>) {
  const env: Record<string, string> = { ...ENV }
  const flags: Record<string, string | undefined> = { 'device.secrets.password': undefined }
  for (const [name, value] of Object.entries(settings)) {
    if (name === 'uri') flags['device.uri'] = value
    else {
      env[`SECRET_${name}`] = value
      flags[`device.${name}`] = `env:SECRET_${name}`
    }
  }
  return { env, flags }
}

/** By the command that begins the run. */
async function refusalBy(
  command: 'enroll' | 'csr' | 'keygen',
  { env, flags }: ReturnType<typeof deviceOf>,
  changed: Readonly<Record<string, string | undefined>>,
): Promise<unknown> {
  const order = Object.fromEntries(Object.entries(ORDER).map(([name, value]) => [`order.${name}`, value]))
  const configuration = await loadConfiguration({
    ...{ env, cwd: '/', systemDirectory: '/nonexistent' },
    flags: { ...WORKABLE, ...order, ...flags, ...changed },
  })
  const refused =
    command === 'enroll'
      ? refuseUnworkable(configuration, { reading: { env }, confirmed: true })
      : refuseUnworkableSteps(configuration, command === 'csr' ? 'csr-signed' : 'key-generated', { env })
  return refused.then(
    () => undefined,
    (error: unknown) => error,
  )
}

async function refusal(changed: Readonly<Record<string, string | undefined>>, confirmed = true): Promise<unknown> {
  const order = Object.fromEntries(Object.entries(ORDER).map(([name, value]) => [`order.${name}`, value]))
  const flags = { ...WORKABLE, ...order, ...changed }
  const configuration = await loadConfiguration({ env: ENV, cwd: '/', systemDirectory: '/nonexistent', flags })
  return refuseUnworkable(configuration, { reading: { env: ENV }, confirmed }).then(
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

describe('what the CA would refuse of the request', () => {
  // biome-ignore format: a table
  const REFUSED: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['a wildcard', { 'request.subject': 'CN=*.example.com,C=NL' }, 'order.form'],
    ['a domain name', { 'request.subject': 'CN=www.example.com,C=NL' }, 'order.form'],
    ['an IP address', { 'request.subject': 'CN=192.0.2.1,C=NL' }, 'order.form'],
    ['an IPv6 address', { 'request.subject': 'CN=fd00::1,C=NL' }, 'order.form'],
    ['no country of ISO 3166', { 'request.subject': 'CN=Example GmbH,C=XX' }, 'order.form'],
    ['a country in words', { 'request.subject': 'CN=Example GmbH,C=Netherlands' }, 'policy.request.subject-length'],
    ['two countries', { 'request.subject': 'CN=Example GmbH,C=NL,C=DE' }, 'order.form'],
    ['two organizations', { 'request.subject': 'CN=Example GmbH,O=One,O=Two,C=NL' }, 'order.form'],
    ['a domain name beside the subject', { 'request.subjectAltNames': 'dns:www.example.com' }, 'order.form'],
  ]
  describe.each(FAMILIES)('%s', (_family, settings) => {
    it.each(REFUSED)('%s is refused before a key by enroll, csr and keygen', async (_what, changed, code) => {
      const device = deviceOf(settings)
      for (const command of ['enroll', 'csr', 'keygen'] as const)
        expect(await refusalBy(command, device, changed), command).toMatchObject({ code })
    })

    it('begins with a request that it would take', async () => {
      const device = deviceOf(settings)
      for (const command of ['enroll', 'csr', 'keygen'] as const)
        expect(await refusalBy(command, device, {}), command).toBeUndefined()
    })
  })

  it('"Example.com Ltd" is not a domain name, and an e-mail address is none either', async () => {
    const changed = { 'request.subject': 'CN=Example.com Ltd,C=NL', 'request.subjectAltNames': 'email:a@example.com' }
    expect(await refusal(changed)).toBeUndefined()
  })

  it('another organization than the order has is warned of', async () => {
    const order = Object.fromEntries(Object.entries(ORDER).map(([name, value]) => [`order.${name}`, value]))
    const subject = { 'request.subject': 'CN=Example GmbH,O=Other GmbH,C=NL' }
    const flags = { ...WORKABLE, ...order, ...subject }
    const configuration = await loadConfiguration({ env: ENV, cwd: '/', systemDirectory: '/nonexistent', flags })
    const findings = await planFindings(configuration, { env: ENV })
    expect(findings).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        parameter: 'csr',
        message: expect.stringContaining('Other GmbH'),
      }),
    )
    expect(findings.some(({ severity }) => severity === 'blocker')).toBe(false)
  })

  it('keygen needs no request at all, and csr does', async () => {
    const device = deviceOf(FAMILIES[1]?.[1] ?? {})
    expect(await refusalBy('keygen', device, { 'request.subject': undefined })).toBeUndefined()
    expect(await refusalBy('csr', device, { 'request.subject': undefined })).toMatchObject({ code: 'config.missing' })
  })
})

describe('a secret that the device needs', () => {
  const NEEDED = FAMILIES.flatMap(([family, settings]) =>
    family === 'LUNA' || family === 'NSHIELD' || family === 'MARVELL_GOOGLE'
      ? []
      : Object.keys(settings)
          .filter((name) => name.startsWith('secrets.'))
          .map((name) => [family, name, settings] as const),
  )
  it.each(NEEDED)('%s: %s has no source', async (_family, name, settings) => {
    const device = deviceOf(settings)
    for (const command of ['enroll', 'csr', 'keygen'] as const)
      expect(await refusalBy(command, device, { [`device.${name}`]: undefined })).toMatchObject({
        code: 'config.missing',
        message: expect.stringContaining(`device.${name} has no source`),
      })
  })

  it('YUBIKEY: slot 9e signs without a PIN, and a management key behind the PIN is no secret of its own', async () => {
    const { env, flags } = deviceOf(FAMILIES[0]?.[1] ?? {})
    const none = { 'device.secrets.pin': undefined }
    expect(
      await refusalBy('csr', { env, flags }, { ...none, 'device.uri': 'yubikey:serial=1;slot=9e' }),
    ).toBeUndefined()
    expect(
      await refusalBy(
        'csr',
        { env, flags },
        { 'device.secrets.management-key': undefined, 'device.pinProtectedManagementKey': 'true' },
      ),
    ).toBeUndefined()
  })

  // biome-ignore format: a table
  const MALFORMED: readonly (readonly [string, string, string])[] = [
    ['YUBIKEY', 'secrets.pin', '12345'], ['YUBIKEY', 'secrets.pin', ' 123456'], ['YUBIKEY', 'secrets.pin', '"123456"'],
    ['YUBIKEY', 'secrets.pin', '123\u00a0456'], ['YUBIKEY', 'secrets.pin', '\uff11\uff12\uff13456'],
    ['YUBIKEY', 'secrets.management-key', '0102'], ['YUBIHSM2', 'secrets.password', '"password"'],
    ['LUNA', 'secrets.pin', "'password'"], ['NSHIELD', 'secrets.pin', 'password '],
    ['FORTANIX', 'secrets.api-key', 'QUJD OkRFRg=='], ['MARVELL_GOOGLE', 'secrets.token', 'ya29 token'],
  ]
  it.each(MALFORMED)('%s: %s that cannot be right by its form: %j', async (family, name, value) => {
    const device = deviceOf({ ...FAMILIES.find(([hsmType]) => hsmType === family)?.[1], [name]: value })
    for (const command of ['enroll', 'csr', 'keygen'] as const)
      expect(await refusalBy(command, device, {})).toMatchObject({ code: 'pin.malformed' })
  })
})
