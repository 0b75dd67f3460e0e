import { access, chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openKms } from './open-cloud-device.ts'
import { withDirectory, withKms } from './with-double.ts'

const directory = withDirectory()
const kms = withKms(directory)
let issuer: Server
beforeAll(async () => {
  issuer = createServer((request, response) => {
    const { subjectToken } = kms().service.tokens
    response.end(request.url === '/json' ? JSON.stringify({ id: subjectToken }) : subjectToken)
  })
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
}, 60_000)
afterAll(async () => {
  await new Promise((resolve) => issuer.close(resolve))
})

const ALLOW = 'GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES'
beforeEach(() => {
  process.env[ALLOW] = '1'
  kms().http.log.length = 0
})
afterEach(() => {
  delete process.env[ALLOW]
})

let count = 0
async function written(content: string, mode: number = 0o600): Promise<string> {
  const file = join(directory(), `file-${++count}`)
  await writeFile(file, content)
  await chmod(file, mode)
  return file
}

/** An external account as gcloud writes it. */
const account = (source: unknown, over: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${kms().endpoint}/v1/token`,
    credential_source: source,
    ...over,
  })

const program = (script: string): Promise<string> => written(`#!/bin/sh\n${script}\n`, 0o700)
const executable = (command: string, over: object = {}): unknown => ({ executable: { command, ...over } })
const good = (): string =>
  JSON.stringify({
    version: 1,
    success: true,
    token_type: 'urn:ietf:params:oauth:token-type:jwt',
    id_token: kms().service.tokens.subjectToken,
    expiration_time: Math.round(Date.now() / 1000) + 3600,
  })

/** The token calls of a look for a key, or the error that it ended with. */
async function outcome(file: string, settings: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const device = await openKms(kms(), { settings: { credentialsFile: await written(file), retries: 0, ...settings } })
  try {
    await device.findKey({ label: 'x' })
    return kms().http.log
  } catch (error) {
    return error
  } finally {
    await device.close()
  }
}

const WORKS = ['ExchangeToken', 'GetCryptoKey']
const address = (path: string): string => `http://127.0.0.1:${(issuer.address() as AddressInfo).port}${path}`

describe('the subject token', () => {
  it('comes from an address, as text or as a member of JSON', async () => {
    expect(await outcome(account({ url: address('/text') }))).toEqual(WORKS)
    kms().http.log.length = 0
    const format = { type: 'json', subject_token_field_name: 'id' }
    expect(await outcome(account({ url: address('/json'), format }))).toEqual(WORKS)
  })

  it('comes from a program, which learns what the token is for', async () => {
    const seen = join(directory(), 'seen')
    const command = await program(`env > ${seen}; echo "$1" > ${seen}.argument; echo '${good()}'`)
    expect(await outcome(account(executable(`${command} "one argument"`)))).toEqual(WORKS)
    expect(await readFile(`${seen}.argument`, 'utf8')).toBe('one argument\n')
    expect(await readFile(seen, 'utf8')).toMatch(/GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE=\/\/iam\.googleapis\.com\//)
  })

  it('comes from a program that gets no secret by its environment, but what the settings list', async () => {
    const seen = join(directory(), 'seen-by-program')
    process.env.PLANTED_SECRET = 'planted'
    process.env.CLOUD_REGION = 'somewhere'
    try {
      const command = await program(`env > ${seen}; echo '${good()}'`)
      expect(await outcome(account(executable(command)), { programEnvironment: ['CLOUD_REGION'] })).toEqual(WORKS)
    } finally {
      delete process.env.PLANTED_SECRET
      delete process.env.CLOUD_REGION
    }
    expect(await readFile(seen, 'utf8')).toContain('CLOUD_REGION=somewhere')
    expect(await readFile(seen, 'utf8')).not.toContain('planted')
  })

  it('is named in a file that begins with a byte order mark', async () => {
    expect(await outcome(`\ufeff${account({ url: address('/text') })}`)).toEqual(WORKS)
  })

  it('that a program kept is used until it expires', async () => {
    const command = await program('exit 9')
    const kept = await written(good())
    expect(await outcome(account(executable(command, { output_file: kept })))).toEqual(WORKS)
    const expired = await written(JSON.stringify({ ...JSON.parse(good()), expiration_time: 1 }))
    expect(await outcome(account(executable(command, { output_file: expired })))).toMatchObject({
      code: 'credential.refused',
    })
  })
})

describe('what goes wrong with the subject token is told, without a word of the token', () => {
  const SECRET = 'eyJhbGciOiJub25lIn0.c2VjcmV0'

  it.each<[string, () => Promise<string>, RegExp]>([
    ['no such file', async () => account({ file: '/nonexistent/token' }), /file of credential_source cannot be read/],
    [
      'a file of another form',
      async () => account({ file: await written(SECRET), format: { type: 'json', subject_token_field_name: 'id' } }),
      /does not return a token in the format/,
    ],
    ['no source', async () => account({}), /credential_source is not complete/],
    ['no such program', async () => account(executable('/nonexistent/program')), /could not be started \(ENOENT\)/],
    ['a file that is no program', async () => account(executable(await written(SECRET))), /\(EACCES\)/],
    [
      'a program that is killed',
      async () => account(executable(await program(`echo ${SECRET}; kill -9 $$`))),
      /was ended by a signal/,
    ],
    [
      'a program that refuses',
      async () =>
        account(
          executable(await program(`echo '{"version":1,"success":false,"code":"401","message":"not you"}'; exit 1`)),
        ),
      /answered "401: not you"/,
    ],
    [
      'a program that babbles',
      async () => account(executable(await program(`echo ${SECRET}`))),
      /answered no usable token/,
    ],
    [
      'a program of another version',
      async () => account(executable(await program(`echo '${JSON.stringify({ ...JSON.parse(good()), version: 2 })}'`))),
      /answered no usable token/,
    ],
  ])('%s', async (_what, file, message) => {
    const error = await outcome(await file())
    expect(error).toMatchObject({ code: 'credential.refused', message: expect.stringMatching(message) })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/eyJ|subject-[0-9a-f]{8}/)
    expect(kms().http.log).toEqual([])
  })

  it('a program is not run unless the environment allows it', async () => {
    const mark = join(directory(), 'ran')
    delete process.env[ALLOW]
    expect(await outcome(account(executable(await program(`touch ${mark}; echo '${good()}'`))))).toMatchObject({
      code: 'credential.refused',
      remedy: expect.stringContaining(ALLOW),
    })
    await expect(access(mark)).rejects.toThrow()
  })
})

describe('a credential file', () => {
  it.each([
    ['token_url', { token_url: 'http://sts.example.org/v1/token' }],
    [
      'service_account_impersonation_url',
      {
        service_account_impersonation_url:
          'http://iam.example.org/v1/projects/-/serviceAccounts/a@b:generateAccessToken',
      },
    ],
  ])('that sends a credential in clear is refused: %s', async (member, over) => {
    expect(await outcome(account({ url: address('/text') }, over))).toMatchObject({
      code: 'device.settings',
      message: expect.stringContaining(member),
    })
    expect(kms().http.log).toEqual([])
  })

  it('that impersonates over plain HTTP is refused, whatever its source', async () => {
    const file = JSON.stringify({
      type: 'impersonated_service_account',
      source_credentials: {
        type: 'authorized_user',
        client_id: 'c',
        client_secret: 's3cret-s3cret',
        refresh_token: 'r',
      },
      service_account_impersonation_url: 'http://iam.example.org/v1/projects/-/serviceAccounts/a@b:generateAccessToken',
    })
    expect(await outcome(file)).toMatchObject({ code: 'device.settings' })
  })
})

describe('a token endpoint', () => {
  it.each([
    ['in the words of OAuth', { error: 'invalid_grant', error_description: 'expired' }, '"invalid_grant: expired"'],
    ['in the words of Google', { error: { status: 'UNAVAILABLE', message: 'later' } }, '"UNAVAILABLE: later"'],
    ['with a redirect', undefined, 'HTTP 302'],
  ])('that refuses %s is told as it is', async (_how, body, told) => {
    const status = body === undefined ? 302 : 400
    const headers = { location: address('/text') }
    kms().http.faults.add({ kind: 'status', status, call: 'Token', times: 9, headers, ...(body && { body }) })
    const device = await openKms(kms(), { settings: { retries: 0 } })
    const error: unknown = await device.findKey({ label: 'x' }).catch((thrown: unknown) => thrown)
    kms().http.faults.clear()
    expect(error).toMatchObject({ code: 'credential.refused' })
    expect(`${error} ${(error as { vendorCode: string }).vendorCode}`).toContain(told)
    expect(String(error)).not.toContain('[object Object]')
    expect(kms().http.log.every((call) => call === 'Token')).toBe(true)
  })
})

describe('names in an address', () => {
  it.each([
    'projects/../locations/l/keyRings/r',
    'projects/p/locations/../keyRings/r',
    'projects/p/locations/l/keyRings/..',
    'projects/p/locations/l/keyRings/r%2f..%2f..',
    'projects/p/locations/l/keyRings/r?alt=media',
    'projects/p/locations/l/keyRings/r/cryptoKeys/k:destroy',
    'projects/p%0d%0ahost:/locations/l/keyRings/r',
  ])('%s is no key ring', async (path) => {
    await expect(openKms(kms(), { uri: `marvell-google:${path}` })).rejects.toMatchObject({ code: 'device.uri' })
  })

  it.each([
    { protectionLevel: 'HSM_SINGLE_TENANT' },
    { cryptoKeyBackend: 'projects/p/locations/l/singleTenantHsmInstances/i' },
  ])('a single-tenant key needs its instance, and no other has one: %j', async (settings) => {
    await expect(openKms(kms(), { settings })).rejects.toMatchObject({ code: 'device.settings' })
  })

  it.each(['a@b/../../x', 'a@b?x=y', 'a@b:signBlob', 'not an account'])('%s is no account to act as', async (name) => {
    await expect(openKms(kms(), { settings: { impersonate: name } })).rejects.toMatchObject({ code: 'device.settings' })
  })
})
