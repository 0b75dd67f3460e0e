import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Configuration, loadConfiguration } from './configuration.ts'
import { deviceProfile, orderForm, requestTemplate } from './profile.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function load(
  profile: string,
  env: Record<string, string> = {},
  flags: Record<string, string> = {},
): Promise<Configuration> {
  await writeFile(join(folder, 'profile.yaml'), profile)
  return loadConfiguration({
    profile: 'profile.yaml',
    cwd: folder,
    env: { XDG_CONFIG_HOME: join(folder, 'xdg'), XDG_STATE_HOME: join(folder, 'state'), ...env },
    flags,
    systemDirectory: join(folder, 'etc'),
  })
}

describe('precedence: flag > environment > profile > project > user > system > default', () => {
  it('takes the highest layer that says anything, and says which', async () => {
    await mkdir(join(folder, 'etc'))
    await mkdir(join(folder, 'xdg/hsm-enroll'), { recursive: true })
    await writeFile(
      join(folder, 'etc/config.yaml'),
      'sectigo:\n  endpoint: https://system.example/\n  proxy: http://system.example\nkey:\n  algorithm: RSA-3072\n',
    )
    await writeFile(
      join(folder, 'xdg/hsm-enroll/config.yaml'),
      'sectigo:\n  proxy: http://user.example\n  caFile: ca.pem\n',
    )
    await writeFile(join(folder, 'hsm-enroll.yaml'), 'sectigo:\n  timeoutSeconds: 7\n')
    const configuration = await load(
      'sectigo:\n  endpoint: https://profile.example/\n',
      { HSM_ENROLL_SECTIGO_PROXY: 'http://env.example' },
      { 'device.uri': 'yubihsm2:' },
    )
    const of = (path: string) => configuration.values.get(path)
    expect(of('device.uri')).toMatchObject({ value: 'yubihsm2:', origin: 'flag' })
    expect(of('sectigo.proxy')).toMatchObject({
      value: 'http://env.example',
      origin: 'environment HSM_ENROLL_SECTIGO_PROXY',
    })
    expect(of('sectigo.endpoint')?.origin).toBe(join(folder, 'profile.yaml'))
    expect(of('sectigo.timeoutSeconds')?.origin).toBe(join(folder, 'hsm-enroll.yaml'))
    expect(of('sectigo.caFile')?.value).toBe(join(folder, 'xdg/hsm-enroll/ca.pem'))
    expect(of('key.algorithm')?.value).toBe('RSA-3072')
    expect(of('policy.profile')).toMatchObject({ value: 'document-signing', origin: 'default' })
    expect(configuration.text('stateDirectory')).toBe(join(folder, 'state/hsm-enroll'))
  })
})

describe('a profile', () => {
  it('keeps values as they are written: a postal code its zero, NO a country, 365 a text', async () => {
    const configuration = await load(
      'order:\n  postalCode: 01234\n  countryName: NO\n  days: 365\n  product: [1214, 577]\n',
    )
    expect(orderForm(configuration)).toEqual({
      postalCode: '01234',
      countryName: 'NO',
      days: '365',
      product: '1214,577',
    })
  })

  it('hands the family its own settings, without ours and without secrets', async () => {
    const configuration = await load(
      'device:\n  uri: yubihsm2:auth-key=1\n  domains: [1, 2]\n  secrets:\n    password: env:PW\n',
    )
    expect(deviceProfile(configuration)).toEqual({ uri: 'yubihsm2:auth-key=1', settings: { domains: ['1', '2'] } })
  })

  it('builds the request template', async () => {
    const configuration = await load(
      'request:\n  subject: CN=Example,C=NL\n  subjectAltNames: ["email:a@b.example"]\n  keyUsage: [digitalSignature]\n  hash: SHA-512\n',
    )
    expect(requestTemplate(configuration)).toMatchObject({
      subjectAltNames: [{ type: 'email', value: 'a@b.example' }],
      keyUsage: ['digitalSignature'],
      hash: 'SHA-512',
    })
  })

  it.each([
    ['a misspelt key', 'device:\n  uri: "x:"\nrequest:\n  subjet: CN=x\n', 'Did you mean "subject"'],
    ['a misspelt section', 'devices:\n  uri: x\n', 'Did you mean "device"'],
    ['a secret written out', 'device:\n  secrets:\n    pim: env:X\n', 'Did you mean "pin"'],
    ['a key that stands twice', 'key:\n  algorithm: P-256\n  algorithm: P-384\n', 'unique'],
    ['a value outside the list', 'key:\n  algorithm: P-521\n', 'one of RSA-2048'],
    ['a number that is none', 'sectigo:\n  timeoutSeconds: soon\n', 'a whole number'],
    ['no time at all for an answer', 'sectigo:\n  timeoutSeconds: 0\n', 'from 1 to 3600'],
    ['more time than a timer has', 'sectigo:\n  timeoutSeconds: 999999999\n', 'from 1 to 3600'],
    ['a flag that is none', 'sectigo:\n  foreignOrderNumber: yes\n', 'true or false'],
    ['a list where a section belongs', 'device:\n  - uri\n', 'must be'],
    ['broken YAML', 'device: {uri: x\n', 'Could not read'],
    ['a value near one of the list', 'device:\n  hsmType: YUBIKEE\n', 'Did you mean "YUBIKEY"'],
    ['a misspelt setting of the family', 'device:\n  uri: "yubihsm2:"\n  conector: x\n', 'Did you mean "connector"'],
    [
      'a setting of another family',
      'device:\n  uri: "yubihsm2:"\n  nfkmattest: x\n',
      'Unknown setting "device.nfkmattest" for YUBIHSM2',
    ],
    ['a setting of no family at all', 'device:\n  conector: x\n', 'Did you mean "connector"'],
    ['a list where one text belongs', 'device:\n  uri: [a, b]\n', 'one text, not a list'],
    ['a path in place of sections', 'device.uri: "yubihsm2:"\n', 'Unknown setting "device.uri"'],
    ['a list in place of sections', '- device\n', 'contains no settings'],
    ['a text in place of sections', 'device\n', 'contains no settings'],
    ['two documents', 'key:\n  algorithm: P-256\n---\nkey:\n', 'more than one document'],
    ['a list as a key', '? [a, b]\n: c\n', 'every key must be text'],
    ['a thousand levels', `${'['.repeat(5000)}\n`, 'nested too deeply'],
    ['an alias bomb', `a: &a [x,x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: [*a,*a,*a,*a,*a]`).join('\n')}`, ''],
  ])('is refused with a remedy: %s', async (_what, text, says) => {
    await expect(load(text)).rejects.toMatchObject({
      message: expect.stringContaining(says),
      remedy: expect.stringMatching(/\S/),
    })
  })

  it.each<[string, string, string?]>([
    ['a password in place of its source', 'sectigo:\n  loginPassword: planted-word\n'],
    ['a PIN in place of its source', 'device:\n  secrets:\n    pin: planted-word\n'],
    ['a PIN among the settings of the device', 'device:\n  pin: planted-word\n'],
    ['a password under a misspelt name', 'device:\n  passwort: planted-word\n', 'unknown-key'],
    ['a password in the order form', 'order:\n  loginPassword: planted-word\n'],
    ['a login in an address', 'sectigo:\n  endpoint: https://me:planted-word@ca.example/\n'],
    ['a login in the address of a proxy', 'sectigo:\n  proxy: http://me:planted-word@proxy.example:3128\n'],
    ['a login in the address of an ACME server', 'acme:\n  directory: https://me:planted-word@ca.example/d\n'],
    ['a login in the proxy to it', 'acme:\n  proxy: http://me:planted-word@proxy.example:3128\n'],
    ['a password in the address of a broker', 'broker:\n  url: https://:planted-word@broker.example:8443\n'],
    ['a login in a device URI', 'device:\n  uri: yubihsm2:connector=http://me:planted-word@hsm.example\n'],
    ['a PIN in the device URI', 'device:\n  uri: pkcs11:token=x?pin-value=planted-word\n'],
    ['a password in the proxy of the device', 'device:\n  proxy: http://me:planted-word@proxy.example:3128\n'],
    [
      'a password in an address of the device URI',
      'device:\n  uri: fortanix:endpoint=https:%2F%2Fme:planted-word%40dsm.example\n',
    ],
  ])('is refused before anything keeps or prints it: %s', async (_what, text, code = 'secret-source') => {
    const error: unknown = await load(text).catch((refusal: unknown) => refusal)
    expect(error).toMatchObject({ code: `config.${code}` })
    expect(JSON.stringify(error) + String(error)).not.toContain('planted-word')
  })

  it('that has an ACME server, and does not say which kind of CA orders go to, is refused', async () => {
    const acme = 'acme:\n  directory: https://ca.example/directory\n'
    await expect(load(acme)).rejects.toMatchObject({
      code: 'config.value',
      message: expect.stringContaining('orders would go to Sectigo'),
    })
    await expect(load('', { HSM_ENROLL_ACME_DIRECTORY: 'https://ca.example/directory' })).rejects.toThrow(/"ca" is not/)
    for (const ca of ['acme', 'sectigo']) expect((await load(`ca: ${ca}\n${acme}`)).text('ca')).toBe(ca)
    // What all profiles of a host share chooses nothing for the commands that take none.
    await writeFile(join(folder, 'hsm-enroll.yaml'), acme)
    await expect(loadConfiguration({ cwd: folder, env: {} })).resolves.toBeDefined()
  })

  it('refuses a secret in the environment where its source belongs', async () => {
    await expect(load('', { HSM_ENROLL_SECTIGO_LOGIN_PASSWORD: 'planted-word' })).rejects.toMatchObject({
      code: 'config.secret-source',
      message: expect.not.stringContaining('planted-word'),
    })
  })

  it('that does not exist is refused with the places that were tried', async () => {
    await expect(
      loadConfiguration({ profile: 'nosuch', cwd: folder, env: { XDG_CONFIG_HOME: '/x' }, systemDirectory: '/y' }),
    ).rejects.toMatchObject({
      code: 'config.no-profile',
      message: expect.stringContaining('/x/hsm-enroll/profiles/nosuch.yaml'),
    })
  })

  it.each<[string, Uint8Array, string]>([
    ['UTF-16', Buffer.from('\ufeffkey:\n', 'utf16le'), 'config.encoding'],
    ['binary', Buffer.from([0x80, 0xff, 0x00]), 'config.encoding'],
    ['257 KiB', Buffer.alloc(257 * 1024, 0x23), 'config.too-large'],
  ])('is refused as %s', async (_what, bytes, code) => {
    await writeFile(join(folder, 'other.yaml'), bytes)
    await expect(loadConfiguration({ profile: 'other.yaml', cwd: folder, env: {} })).rejects.toMatchObject({ code })
  })

  it.runIf(process.platform === 'linux')('is read no further than its bound, on a device without end', async () => {
    await expect(loadConfiguration({ profile: '/dev/zero', env: {} })).rejects.toMatchObject({
      code: 'config.too-large',
    })
  })

  it('is one profile by whatever name or link it is given', async () => {
    const profiles = join(folder, 'xdg/hsm-enroll/profiles')
    await mkdir(profiles, { recursive: true })
    await writeFile(join(profiles, 'signing.yaml'), 'key:\n  algorithm: P-384\n')
    await symlink(join(profiles, 'signing.yaml'), join(folder, 'link.yaml'))
    const env = { XDG_CONFIG_HOME: join(folder, 'xdg') }
    for (const [profile, cwd] of [
      ['signing', folder],
      ['signing', tmpdir()],
      ['link.yaml', folder],
    ] as const) {
      expect((await loadConfiguration({ profile, cwd, env })).profile).toBe(
        await realpath(join(profiles, 'signing.yaml')),
      )
    }
  })

  it('takes a relative file name in the environment from the working folder', async () => {
    const configuration = await load('', {
      HSM_ENROLL_TRUST_ANCHORS: 'a.pem,b.pem',
      HSM_ENROLL_STATE_DIRECTORY: 'runs',
    })
    expect(configuration.list('trustAnchors')).toEqual([join(folder, 'a.pem'), join(folder, 'b.pem')])
    expect(configuration.text('stateDirectory')).toBe(join(folder, 'runs'))
  })

  it('says which setting is missing and how to set it', async () => {
    const configuration = await load('key:\n  algorithm: P-256\n')
    expect(() => deviceProfile(configuration)).toThrow(/"device.uri" is not set/)
  })
})

describe('a relative file name means one thing: beside what it is written in', () => {
  const FILES: readonly (readonly [string, string, string])[] = [
    ['yubikey:serial=1', 'includeIntermediates', 'the intermediates of a YubiKey'],
    ['yubihsm2:', 'connectorCaFile', 'the certificates of a connector'],
    ['yubihsm2:', 'intermediatesFile', 'the certificate of a YubiHSM 2'],
    ['fortanix:region=eu', 'clientCertificateFile', 'the certificate of an app'],
    ['fortanix:region=eu', 'caFile', 'the certificates of a cluster'],
    ['marvell-google:projects/p/locations/l/keyRings/r', 'credentialsFile', 'the credentials of Google'],
    ['marvell-google:projects/p/locations/l/keyRings/r', 'caFile', 'the certificates of a proxy'],
  ]
  const elsewhere = async (profile: string): Promise<Configuration> => {
    await mkdir(join(folder, 'profiles'))
    await mkdir(join(folder, 'cwd'))
    await writeFile(join(folder, 'profiles/p.yaml'), profile)
    return loadConfiguration({
      ...{ profile: join(folder, 'profiles/p.yaml'), cwd: join(folder, 'cwd'), systemDirectory: join(folder, 'etc') },
      env: { XDG_CONFIG_HOME: join(folder, 'xdg'), HSM_ENROLL_SECTIGO_LOGIN_PASSWORD: 'file:password' },
    })
  }

  it.each(FILES)('%s %s: %s', async (uri, name) => {
    const configuration = await elsewhere(`device:\n  uri: "${uri}"\n  ${name}: keys/a.pem\n`)
    expect(configuration.text(`device.${name}`)).toBe(join(folder, 'profiles/keys/a.pem'))
  })

  it('the source of a secret; in a variable it counts from the working folder', async () => {
    const secrets = ['pin', 'so-pin', 'management-key', 'password', 'authentication-key', 'api-key', 'token']
    const lines = secrets.map((name) => `    ${name}: file:secrets/${name}\n`).join('')
    const configuration = await elsewhere(
      `device:\n  uri: "yubihsm2:"\n  secrets:\n${lines}    client-certificate-key: file:/etc/key\nsectigo:\n  loginName: file:login\n`,
    )
    for (const name of secrets)
      expect(configuration.text(`device.secrets.${name}`)).toBe(`file:${join(folder, 'profiles/secrets', name)}`)
    expect(configuration.text('device.secrets.client-certificate-key')).toBe('file:/etc/key')
    expect(configuration.text('sectigo.loginName')).toBe(`file:${join(folder, 'profiles/login')}`)
    expect(configuration.text('sectigo.loginPassword')).toBe(`file:${join(folder, 'cwd/password')}`)
  })

  it('other sources are left as they are', async () => {
    const configuration = await elsewhere('sectigo:\n  loginName: env:file\n  loginPassword: exec:cat file\n')
    expect(configuration.text('sectigo.loginName')).toBe('env:file')
  })
})

describe('a password among the parameters of an order', () => {
  it.each(['AppRepLoginPassword', 'appRepLoginPassword', 'loginPassword'])(
    '%s is refused unread and unprinted',
    async (name) => {
      const refused = load(`order:\n  ${name}: planted-secret\n`)
      await expect(refused).rejects.toMatchObject({
        code: 'config.secret-source',
        message: expect.not.stringContaining('planted-secret'),
        remedy: expect.not.stringContaining('planted-secret'),
      })
    },
  )
})
