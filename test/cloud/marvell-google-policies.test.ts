import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openKms } from './open-cloud-device.ts'
import { newSpec, withDirectory, withKms } from './with-double.ts'

const directory = withDirectory()
const kms = withKms(directory)
let allPermissions: readonly string[]
beforeAll(() => {
  allPermissions = [...kms().service.permissions]
})
afterEach(() => {
  kms().service.hsmAvailable = true
  for (const permission of allPermissions) kms().service.permissions.add(permission)
})

describe('a version that is not fit', () => {
  it.each([
    ['SOFTWARE', { protectionLevel: 'SOFTWARE' }, 'key.not-attestable'],
    [
      'EXTERNAL',
      { protectionLevel: 'EXTERNAL', externalProtectionLevelOptions: { externalKeyUri: 'https://ekm' } },
      'key.not-attestable',
    ],
    ['EXTERNAL_VPC', { protectionLevel: 'EXTERNAL_VPC' }, 'key.not-attestable'],
    ['imported by a job', { importJob: 'projects/p/locations/l/keyRings/r/importJobs/j' }, 'key.not-attestable'],
    ['imported at a time', { importTime: '2026-11-22T00:00:00Z' }, 'key.not-attestable'],
    ['eligible for import again', { reimportEligible: true }, 'key.not-attestable'],
    [
      'open to trusted wrapping',
      { protectionLevel: 'HSM_SINGLE_TENANT', trustedWrappingEnabled: true },
      'key.exportable',
    ],
    ['a PSS key', { algorithm: 'RSA_SIGN_PSS_3072_SHA256' }, 'key.wrong-type'],
    ['a RAW key', { algorithm: 'RSA_SIGN_RAW_PKCS1_3072' }, 'key.wrong-type'],
    ['on secp256k1', { algorithm: 'EC_SIGN_SECP256K1_SHA256' }, 'key.wrong-type'],
    ['disabled', { state: 'DISABLED' }, 'device.refused'],
    ['about to be destroyed', { state: 'DESTROY_SCHEDULED' }, 'device.refused'],
  ] as const)('being %s is refused', async (_why, change, code) => {
    const device = await openKms(kms())
    const key = await device.generateKeyPair(newSpec())
    kms().http.faults.add({
      kind: 'alter',
      call: 'GetCryptoKeyVersion',
      times: 9,
      change: (reply) => Object.assign(reply, change),
    })
    await expect(device.findKey({ location: key.location })).rejects.toMatchObject({ code })
  })

  it.each([
    ['no attestation', { attestation: undefined }],
    ['a V1 attestation', { attestation: { format: 'CAVIUM_V1_COMPRESSED', content: 'H4sI' } }],
  ])('having %s is refused', async (_why, change) => {
    const device = await openKms(kms())
    const key = await device.generateKeyPair(newSpec())
    kms().http.faults.add({
      kind: 'alter',
      call: 'GetCryptoKeyVersion',
      change: (reply) => Object.assign(reply, change),
    })
    await expect(key.attest()).rejects.toMatchObject({ code: 'key.not-attestable' })
  })

  it.each([
    ['import only', { importOnly: true }],
    ['another purpose', { purpose: 'ENCRYPT_DECRYPT' }],
    ['SOFTWARE', { versionTemplate: { protectionLevel: 'SOFTWARE', algorithm: 'EC_SIGN_P256_SHA256' } }],
    ['another algorithm', { versionTemplate: { protectionLevel: 'HSM', algorithm: 'EC_SIGN_P384_SHA384' } }],
  ])('gets no version in a key that is %s', async (_why, change) => {
    const existing = await (await openKms(kms())).generateKeyPair(newSpec())
    const cryptoKey = existing.location.replace(/\/cryptoKeyVersions.*/, '')
    const device = await openKms(kms(), { uri: `marvell-google:${cryptoKey}` })
    kms().http.faults.add({
      kind: 'alter',
      call: 'GetCryptoKey',
      times: 9,
      change: (reply) => Object.assign(reply, change),
    })
    await expect(device.generateKeyPair(newSpec())).rejects.toMatchObject({ code: 'key.wrong-type' })
    expect(kms().service.keys.get(cryptoKey)?.versions).toHaveLength(1)
  })
})

describe('permissions', () => {
  it('that are missing are named one by one', async () => {
    kms().service.permissions.delete('cloudkms.cryptoKeyVersions.get')
    kms().service.permissions.delete('cloudkms.cryptoKeyVersions.useToSign')
    const { obstacles } = await (await openKms(kms())).describe()
    expect(obstacles.map(({ message }) => /lacks (\S+)/.exec(message)?.[1])).toEqual([
      'cloudkms.cryptoKeyVersions.get',
      'cloudkms.cryptoKeyVersions.useToSign',
    ])
  })

  it.each([
    ['cloudkms.cryptoKeys.create', 'generate'],
    ['cloudkms.cryptoKeyVersions.get', 'generate'],
    ['cloudkms.cryptoKeyVersions.viewPublicKey', 'generate'],
    ['cloudkms.cryptoKeyVersions.useToSign', 'sign'],
  ])('%s: the error names it when it is needed', async (permission, step) => {
    const device = await openKms(kms())
    const key = step === 'sign' ? await device.generateKeyPair(newSpec()) : undefined
    kms().service.permissions.delete(permission)
    const action = key === undefined ? device.generateKeyPair(newSpec()) : key.sign('SHA-256', Buffer.from('x'))
    await expect(action).rejects.toMatchObject({ code: 'device.refused', remedy: expect.stringContaining(permission) })
  })

  it('nothing stands in the way of an account that has them all', async () => {
    const description = await (await openKms(kms())).describe()
    expect(description.obstacles).toEqual([])
    expect(description.uri).toBe(kms().uri)
  })

  it('a location without HSM, an unknown ring and a wrong credential are obstacles', async () => {
    kms().service.hsmAvailable = false
    const first = await (await openKms(kms())).describe()
    expect(first.obstacles).toMatchObject([{ severity: 'blocker', code: 'device.unsupported' }])
    kms().service.hsmAvailable = true
    const uri = kms().uri.replace('keyRings/signing', 'keyRings/none')
    expect((await (await openKms(kms(), { uri })).describe()).obstacles).toMatchObject([{ code: 'key.not-found' }])
    const stranger = { settings: { authentication: 'access-token' }, secrets: { token: 'ya29.of-nobody-at-all' } }
    expect((await (await openKms(kms(), stranger)).describe()).obstacles).toMatchObject([
      { code: 'credential.refused' },
    ])
  })
})

describe('the key ring', () => {
  it('is made when the profile says so, and its absence told when not', async () => {
    const uri = kms().uri.replace('keyRings/signing', 'keyRings/new-ring')
    await expect((await openKms(kms(), { uri })).generateKeyPair(newSpec())).rejects.toThrow(/There is no key ring/)
    const device = await openKms(kms(), { uri, settings: { createKeyRing: 'true' } })
    const key = await device.generateKeyPair(newSpec())
    expect(key.location).toContain('/keyRings/new-ring/')
  })

  it('that is still to be made is no obstacle, also where the service says of it that the account may do nothing', async () => {
    const uri = kms().uri.replace('keyRings/signing', 'keyRings/still-to-be-made')
    const obstaclesOf = async (createKeyRing: boolean) =>
      (await (await openKms(kms(), { uri, settings: { createKeyRing } })).describe()).obstacles
    expect(await obstaclesOf(true)).toEqual([])
    kms().service.permissions.clear()
    expect(await obstaclesOf(true)).toEqual([])
    expect(await obstaclesOf(false)).toMatchObject([{ code: 'key.not-found' }])
  })

  it('that someone else makes at the same moment will do', async () => {
    const uri = kms().uri.replace('keyRings/signing', 'keyRings/raced')
    kms().http.faults.add({ kind: 'drop', afterWork: true, call: 'CreateKeyRing' })
    const device = await openKms(kms(), { uri, settings: { createKeyRing: true } })
    await device.generateKeyPair(newSpec())
  })
})

describe('key names', () => {
  it('are the label where it is an id, and carry a digest where it is not', async () => {
    const device = await openKms(kms())
    const wanted = { ...newSpec(), label: `Signing key #${randomBytes(3).toString('hex')}!` }
    const key = await device.generateKeyPair(wanted)
    const id = key.location.split('/')[7] ?? ''
    expect(id).toMatch(/^[a-zA-Z0-9_-]{1,63}$/)
    expect(id.endsWith(createHash('sha256').update(wanted.label).digest('hex').slice(0, 10))).toBe(true)
    expect((await device.findKey(wanted))?.location).toBe(key.location)
  })
})

describe('the package', () => {
  it('is the statement by default; zip and statement with chains when asked', async () => {
    const made = await (await openKms(kms())).generateKeyPair(newSpec())
    const inForm = async (packageForm: string) => {
      const key = await (await openKms(kms(), { settings: { packageForm } })).findKey({ location: made.location })
      if (key === undefined) throw new Error('no key')
      return key.attest()
    }
    const statement = await inForm('statement')
    const joined = await inForm('statement+chains')
    expect(
      Buffer.from(joined.package)
        .subarray(2)
        .includes(Buffer.from(statement.certChains ?? [])),
    ).toBe(true)
    const zip = join(directory(), 'bundle.zip')
    await writeFile(zip, (await inForm('bundle-zip')).package)
    // Python's zipfile is the outside judge of the archive.
    const script =
      'import sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);assert z.testzip() is None;print("\\n".join(z.namelist()))'
    const names = execFileSync('python3', ['-c', script, zip]).toString().trim().split('\n')
    const stem = `signing-${made.location.split('/')[7]}-1`
    expect(names).toEqual([`${stem}-CAVIUM_V2_COMPRESSED-attestation.dat`, `${stem}-combined-chain.pem`])
  })
})

describe('credentials through google-auth-library', () => {
  const credentials = async (name: string, json: unknown): Promise<string> => {
    const file = join(directory(), name)
    await writeFile(file, JSON.stringify(json))
    return file
  }
  const works = async (settings: Readonly<Record<string, unknown>>, secrets: Readonly<Record<string, string>> = {}) => {
    kms().http.log.length = 0
    await (await openKms(kms(), { settings, secrets })).generateKeyPair(newSpec())
    return kms().http.log.filter((call) => ['Token', 'ExchangeToken', 'GenerateAccessToken'].includes(call))
  }
  const impersonationUrl = () =>
    `${kms().endpoint}/v1/projects/-/serviceAccounts/${kms().service.tokens.impersonated}:generateAccessToken`

  it('a service account asks for one token for the whole run', async () => {
    expect(await works({})).toEqual(['Token'])
  })

  it('GOOGLE_APPLICATION_CREDENTIALS names the file where the profile does not', async () => {
    const before = process.env.GOOGLE_APPLICATION_CREDENTIALS
    process.env.GOOGLE_APPLICATION_CREDENTIALS = String(kms().settings.credentialsFile)
    expect(await works({ credentialsFile: undefined })).toEqual(['Token'])
    if (before === undefined) delete process.env.GOOGLE_APPLICATION_CREDENTIALS
    else process.env.GOOGLE_APPLICATION_CREDENTIALS = before
  })

  it.each([
    ['a service account', (source: unknown) => source, ['Token']],
    [
      'an impersonation',
      (source: unknown) => ({
        type: 'impersonated_service_account',
        source_credentials: source,
        service_account_impersonation_url: impersonationUrl(),
      }),
      ['Token', 'GenerateAccessToken'],
    ],
  ] as const)("gcloud's own file is found where nothing names one: %s", async (_what, fileOf, calls) => {
    const gcloud = join(directory(), '.config/gcloud')
    await mkdir(gcloud, { recursive: true })
    const source: unknown = JSON.parse(await readFile(String(kms().settings.credentialsFile), 'utf8'))
    await writeFile(join(gcloud, 'application_default_credentials.json'), JSON.stringify(fileOf(source)))
    vi.stubEnv('HOME', directory())
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '')
    expect(await works({ credentialsFile: undefined })).toEqual(calls)
    vi.unstubAllEnvs()
  })

  it('an access token is used as it is', async () => {
    const token = kms().service.tokens.issue('operator')
    expect(await works({ authentication: 'access-token' }, { token })).toEqual([])
  })

  it('workload identity exchanges the token of the outside issuer, and impersonates', async () => {
    const subjectToken = join(directory(), 'subject-token')
    await writeFile(subjectToken, kms().service.tokens.subjectToken)
    const workload = {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${kms().endpoint}/v1/token`,
      credential_source: { file: subjectToken },
    }
    expect(await works({ credentialsFile: await credentials('wif.json', workload) })).toEqual(['ExchangeToken'])
    const acting = { ...workload, service_account_impersonation_url: impersonationUrl() }
    expect(await works({ credentialsFile: await credentials('wif-sa.json', acting) })).toEqual([
      'ExchangeToken',
      'GenerateAccessToken',
    ])
  })

  it('an impersonating file gets the token of the other account', async () => {
    const source = JSON.parse(await readFile(String(kms().settings.credentialsFile), 'utf8'))
    const file = await credentials('impersonated.json', {
      type: 'impersonated_service_account',
      source_credentials: source,
      service_account_impersonation_url: impersonationUrl(),
    })
    expect(await works({ credentialsFile: file })).toEqual(['Token', 'GenerateAccessToken'])
  })

  it('the profile may name an account to act as', async () => {
    const { impersonated } = kms().service.tokens
    // Without a file that says where, the account's token comes from Google itself: by a proxy here that nobody runs.
    const nowhere = { proxy: 'http://127.0.0.1:1', noProxy: '127.0.0.1', retries: 0 }
    const calls = await works({ impersonate: impersonated, ...nowhere }).catch((error: unknown) => error)
    expect(calls).toMatchObject({
      code: 'device.unreachable',
      message: expect.stringContaining('iamcredentials.googleapis.com'),
    })
  })

  it.each([
    ['not JSON', 'nonsense'],
    ['JSON of no known type', '{"type":"api_key"}'],
    [
      'a service account without a key',
      '{"type":"service_account","client_email":"a@b","private_key":"SECRET-SECRET"}',
    ],
  ])('a file that is %s is refused without a word of its content', async (_what, content) => {
    const file = join(directory(), 'broken.json')
    await writeFile(file, content)
    const device = await openKms(kms(), { settings: { credentialsFile: file } })
    const error = await device.findKey({ label: 'x' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'device.settings' })
    expect(String(error)).not.toMatch(/nonsense|SECRET/)
  })

  it('a key that Google does not accept is told in the words of the OAuth error', async () => {
    kms().http.faults.add({
      kind: 'status',
      status: 400,
      call: 'Token',
      times: 9,
      body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' },
    })
    const device = await openKms(kms())
    await expect(device.findKey({ label: 'x' })).rejects.toMatchObject({
      code: 'credential.refused',
      message: expect.stringContaining('invalid_grant'),
    })
  })
})
