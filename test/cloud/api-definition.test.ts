import { execFile } from 'node:child_process'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { OAuth2Client } from 'google-auth-library'
import { describe, expect, it } from 'vitest'
import { withDirectory, withDsm, withKms } from './with-double.ts'

const run = promisify(execFile)

const directory = withDirectory()
const dsm = withDsm(directory)
const kms = withKms(directory)

interface CurlReply {
  readonly status: number
  readonly body: string
}

/** The double, asked by curl; the credential goes over stdin. */
async function curl(method: string, url: string, authorization: string, body?: unknown): Promise<CurlReply> {
  const config = join(directory(), 'curl.cfg')
  await writeFile(config, `header = "authorization: ${authorization}"\n`, { mode: 0o600 })
  const data = body === undefined ? [] : ['-H', 'content-type: application/json', '--data-binary', JSON.stringify(body)]
  const args = ['-sS', '--noproxy', '*', '-X', method, '-K', config, ...data, '-w', '\n%{http_code}', url]
  const { stdout } = await run('curl', args)
  const end = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) }
}

async function dsmBearer(): Promise<string> {
  const { body } = await curl('POST', `${dsm().endpoint}/sys/v1/session/auth`, `Basic ${dsm().service.sessions.apiKey}`)
  return `Bearer ${JSON.parse(body).access_token}`
}

describe('the DSM double, asked by curl', () => {
  it('creates, shows, signs with and attests a key', async () => {
    const bearer = await dsmBearer()
    const request = { name: 'by curl', obj_type: 'EC', elliptic_curve: 'NistP256', key_ops: ['SIGN', 'VERIFY'] }
    const made = await curl('POST', `${dsm().endpoint}/crypto/v1/keys`, bearer, request)
    expect(made.status).toBe(201)
    const { kid } = JSON.parse(made.body)
    const signed = await curl('POST', `${dsm().endpoint}/crypto/v1/sign`, bearer, {
      key: { kid },
      hash_alg: 'SHA256',
      data: Buffer.from('x').toString('base64'),
    })
    expect(JSON.parse(signed.body)).toMatchObject({ kid })
    const attested = await curl('POST', `${dsm().endpoint}/crypto/v1/keys/key_attestation`, bearer, { key: { kid } })
    expect(JSON.parse(attested.body).authority_chain).toHaveLength(3)
  })

  it('lists and shows a key by its path, and verifies what the key has signed, data or digest', async () => {
    const bearer = await dsmBearer()
    const request = { name: 'by path', obj_type: 'EC', elliptic_curve: 'NistP256', key_ops: ['SIGN', 'VERIFY'] }
    const made = await curl('POST', `${dsm().endpoint}/crypto/v1/keys`, bearer, request)
    const { kid } = JSON.parse(made.body)
    const listed = await curl('GET', `${dsm().endpoint}/crypto/v1/keys?name=by%20path`, bearer)
    expect(JSON.parse(listed.body)).toMatchObject([{ kid, name: 'by path' }])
    const at = `${dsm().endpoint}/crypto/v1/keys/${kid}`
    expect(JSON.parse((await curl('GET', at, bearer)).body)).toMatchObject({ kid, obj_type: 'EC' })
    const data = Buffer.from('a document')
    const signature = async (what: object): Promise<string> =>
      JSON.parse((await curl('POST', `${at}/sign`, bearer, { hash_alg: 'SHA256', ...what })).body).signature
    const verified = async (what: object): Promise<boolean> =>
      JSON.parse((await curl('POST', `${at}/verify`, bearer, { hash_alg: 'SHA256', ...what })).body).result
    const hash = createHash('sha256').update(data).digest('base64')
    for (const what of [{ data: data.toString('base64') }, { hash }]) {
      const signed = await signature(what)
      expect(await verified({ data: data.toString('base64'), signature: signed })).toBe(true)
      expect(await verified({ data: 'AAAA', signature: signed })).toBe(false)
      expect(await verified({ hash, signature: signed })).toBe(true)
      expect(await verified({ hash: Buffer.alloc(32).toString('base64'), signature: signed })).toBe(false)
    }
    const digest = await curl('POST', `${dsm().endpoint}/crypto/v1/digest`, bearer, {
      alg: 'SHA256',
      data: data.toString('base64'),
    })
    expect(JSON.parse(digest.body)).toEqual({ digest: hash })
  })

  it.each([
    ['an unknown path', 'POST', '/crypto/v1/keys/clone', {}, 404],
    ['export, which is not in the definition', 'POST', '/crypto/v1/keys/export', { name: 'x' }, 404],
    ['an unknown field', 'POST', '/crypto/v1/keys', { name: 'x', exportable: false }, 400],
    ['an unknown key operation', 'POST', '/crypto/v1/keys', { name: 'x', key_ops: ['sign'] }, 400],
    ['an unknown curve', 'POST', '/crypto/v1/keys', { name: 'x', obj_type: 'EC', elliptic_curve: 'P-256' }, 400],
    [
      'a descriptor with two names',
      'POST',
      '/crypto/v1/keys/info',
      { kid: '00000000-0000-4000-8000-000000000000', name: 'x' },
      400,
    ],
    [
      'hash and data at once',
      'POST',
      '/crypto/v1/sign',
      { key: { name: 'x' }, hash_alg: 'SHA256', hash: 'AA==', data: 'AA==' },
      400,
    ],
    [
      'a hash name of another API',
      'POST',
      '/crypto/v1/sign',
      { key: { name: 'x' }, hash_alg: 'SHA-256', data: 'AA==' },
      400,
    ],
    ['an unknown query parameter', 'POST', '/crypto/v1/keys/info?pub_key=true', { name: 'x' }, 400],
    ['a body that is no base64', 'POST', '/crypto/v1/sign', { key: { name: 'x' }, hash_alg: 'SHA256', data: '!' }, 400],
  ])('refuses %s', async (_what, method, path, body, status) => {
    expect((await curl(method, `${dsm().endpoint}${path}`, await dsmBearer(), body)).status).toBe(status)
  })

  it.each(['Basic bm9ib2R5OndpdGhvdXQ=', 'Bearer nobody', 'nothing'])('does not know %s', async (authorization) => {
    const reply = await curl('POST', `${dsm().endpoint}/crypto/v1/keys/info`, authorization, { name: 'x' })
    expect(reply.status).toBe(401)
  })
})

describe('the Cloud KMS double, asked by curl and by google-auth-library itself', () => {
  const key = (): string => `${kms().endpoint}/v1/${kms().ring}/cryptoKeys`
  const body = (more: object = {}) => ({
    purpose: 'ASYMMETRIC_SIGN',
    versionTemplate: { protectionLevel: 'HSM', algorithm: 'EC_SIGN_P256_SHA256' },
    ...more,
  })

  it('creates a key, shows it and its attestation', async () => {
    const bearer = `Bearer ${kms().service.tokens.issue('curl')}`
    expect((await curl('POST', `${key()}?cryptoKeyId=by-curl`, bearer, body())).status).toBe(200)
    const version = `${key()}/by-curl/cryptoKeyVersions/1`
    expect(JSON.parse((await curl('GET', version, bearer)).body).state).toBe('PENDING_GENERATION')
    const { state, attestation } = JSON.parse((await curl('GET', version, bearer)).body)
    expect(state).toBe('ENABLED')
    expect(Object.keys(attestation.certChains)).toEqual(['caviumCerts', 'googleCardCerts', 'googlePartitionCerts'])
  })

  it('writes enumerations as it is asked, and reads them in both forms', async () => {
    const bearer = `Bearer ${kms().service.tokens.issue('curl')}`
    const numbers = { purpose: 5, versionTemplate: { protectionLevel: 2, algorithm: 12 } }
    const asked = '$alt=json;enum-encoding=int'
    const made = await curl('POST', `${key()}?cryptoKeyId=by-number&${asked}`, bearer, numbers)
    expect(JSON.parse(made.body)).toMatchObject(numbers)
    const version = `${key()}/by-number/cryptoKeyVersions/1`
    expect(JSON.parse((await curl('GET', version, bearer)).body).state).toBe('PENDING_GENERATION')
    const shown = JSON.parse((await curl('GET', `${version}?${asked}`, bearer)).body)
    expect(shown).toMatchObject({ state: 1, protectionLevel: 2, algorithm: 12, attestation: { format: 4 } })
    const der = JSON.parse((await curl('GET', `${version}/publicKey?publicKeyFormat=2`, bearer)).body)
    expect(der).toMatchObject({ publicKeyFormat: 'DER', algorithm: 'EC_SIGN_P256_SHA256' })
    expect((await curl('POST', `${key()}?cryptoKeyId=x`, bearer, { ...numbers, purpose: 99 })).status).toBe(400)
    expect((await curl('GET', `${version}?$alt=xml`, bearer)).status).toBe(400)
    expect((await curl('GET', `${version}/publicKey?publicKeyFormat=NIST_PQC`, bearer)).status).toBe(400)
  })

  it('lists key rings, and versions with their attestation in full view alone', async () => {
    const bearer = `Bearer ${kms().service.tokens.issue('curl')}`
    const rings = await curl('GET', `${kms().endpoint}/v1/${kms().ring.replace(/\/[^/]+$/, '')}?pageSize=1`, bearer)
    expect(JSON.parse(rings.body)).toEqual({ keyRings: [{ name: kms().ring }], totalSize: 1 })
    await curl('POST', `${key()}?cryptoKeyId=viewed`, bearer, body())
    const versions = `${key()}/viewed/cryptoKeyVersions`
    await curl('GET', `${versions}/1`, bearer)
    const listed = async (view: string) =>
      JSON.parse((await curl('GET', `${versions}${view}`, bearer)).body).cryptoKeyVersions[0].attestation?.format
    expect([await listed(''), await listed('?view=FULL')]).toEqual([undefined, 'CAVIUM_V2_COMPRESSED'])
  })

  it('takes a JWT that the service account signed itself in place of a token (AIP-4111), for this service and an hour', async () => {
    const { serviceAccount, privateKey } = kms().service.tokens
    const now = Math.floor(Date.now() / 1000)
    const right = { iss: serviceAccount, sub: serviceAccount, iat: now, exp: now + 3600 }
    const asked = async (claims: object, signedBy = privateKey) => {
      const [header, payload] = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      )
      const signature = sign('sha256', Buffer.from(`${header}.${payload}`), signedBy).toString('base64url')
      return (await curl('GET', `${kms().endpoint}/v1/${kms().ring}`, `Bearer ${header}.${payload}.${signature}`))
        .status
    }
    const aud = 'https://cloudkms.googleapis.com/'
    const scope = 'https://www.googleapis.com/auth/cloudkms'
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    })
    expect(await asked({ ...right, aud })).toBe(200)
    expect(await asked({ ...right, scope })).toBe(200)
    const refused = [right, { ...right, aud: 'https://storage.googleapis.com/' }, { ...right, aud, sub: 'another' }]
    for (const claims of [
      ...refused,
      { ...right, aud, exp: now + 7200 },
      { ...right, aud, iat: now - 99, exp: now - 9 },
    ])
      expect(await asked(claims), JSON.stringify(claims)).toBe(401)
    expect(await asked({ ...right, aud }, String(stranger))).toBe(401)
  })

  it('exchanges a JWT for a token that names the token endpoint, Google’s or that of the key file, as its audience', async () => {
    const { serviceAccount, privateKey } = kms().service.tokens
    const now = Math.floor(Date.now() / 1000)
    const scope = 'https://www.googleapis.com/auth/cloudkms'
    const exchanged = async (aud: string) => {
      const [header, payload] = [{ alg: 'RS256' }, { iss: serviceAccount, aud, scope, iat: now, exp: now + 3600 }].map(
        (part) => Buffer.from(JSON.stringify(part)).toString('base64url'),
      )
      const signature = sign('sha256', Buffer.from(`${header}.${payload}`), privateKey).toString('base64url')
      const form = {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: `${header}.${payload}.${signature}`,
      }
      const reply = await fetch(`${kms().endpoint}/token`, { method: 'POST', body: new URLSearchParams(form) })
      return reply.status
    }
    expect(await exchanged('https://oauth2.googleapis.com/token')).toBe(200)
    expect(await exchanged(`${kms().endpoint}/token`)).toBe(200)
    expect(await exchanged('http://127.0.0.1:1/token')).toBe(400)
  })

  it('serves the library’s own requests', async () => {
    const client = new OAuth2Client()
    client.setCredentials({ access_token: kms().service.tokens.issue('library') })
    const { data } = await client.request<{ name: string }>({ url: `${kms().endpoint}/v1/${kms().ring}` })
    expect(data.name).toBe(kms().ring)
  })

  it.each([
    ['an unknown field', 'POST', '?cryptoKeyId=x', body({ keyType: 'EC' }), 400],
    ['a proto name in place of the JSON name', 'POST', '?cryptoKeyId=x', body({ import_only: true }), 400],
    [
      'an unknown algorithm',
      'POST',
      '?cryptoKeyId=x',
      body({ versionTemplate: { protectionLevel: 'HSM', algorithm: 'P256' } }),
      400,
    ],
    [
      'an unknown level',
      'POST',
      '?cryptoKeyId=x',
      body({ versionTemplate: { protectionLevel: 'hsm', algorithm: 'EC_SIGN_P256_SHA256' } }),
      400,
    ],
    ['an unknown query parameter', 'POST', '?crypto_key_id=x', body(), 400],
    ['an id that is none', 'POST', '?cryptoKeyId=a%20b', body(), 400],
    ['an unknown verb', 'POST', '/x/cryptoKeyVersions/1:sign', {}, 404],
    [
      'a number where int64 is text',
      'POST',
      '/x/cryptoKeyVersions/1:asymmetricSign',
      { digest: { sha256: 'AA==' }, digestCrc32c: 1 },
      400,
    ],
    [
      'digest and data at once',
      'POST',
      '/x/cryptoKeyVersions/1:asymmetricSign',
      { digest: { sha256: 'AA==' }, data: 'AA==' },
      400,
    ],
    [
      'two digests',
      'POST',
      '/x/cryptoKeyVersions/1:asymmetricSign',
      { digest: { sha256: 'AA==', sha384: 'AA==' } },
      400,
    ],
  ])('refuses %s', async (_what, method, path, request, status) => {
    const bearer = `Bearer ${kms().service.tokens.issue('curl')}`
    const reply = await curl(method, `${key()}${path}`, bearer, request)
    expect(reply.status).toBe(status)
    expect(JSON.parse(reply.body).error.code).toBe(status)
  })

  it('refuses a digest with a checksum that does not fit, and one of the wrong length', async () => {
    const bearer = `Bearer ${kms().service.tokens.issue('curl')}`
    await curl('POST', `${key()}?cryptoKeyId=digested`, bearer, body())
    const version = `${key()}/digested/cryptoKeyVersions/1`
    // It is pending when it is looked at first.
    for (const state of ['PENDING_GENERATION', 'ENABLED'])
      expect(JSON.parse((await curl('GET', version, bearer)).body)).toMatchObject({ state })
    const sign = `${version}:asymmetricSign`
    const digest = { sha256: Buffer.alloc(32).toString('base64') }
    // RFC 3720 B.4: 32 zero bytes.
    const good = await curl('POST', sign, bearer, { digest, digestCrc32c: String(0x8a9136aa) })
    const name = new URL(sign).pathname.replace(/^\/v1\/|:asymmetricSign$/g, '')
    expect((await curl('POST', sign, bearer, { name, digest })).status).toBe(200)
    expect((await curl('POST', sign, bearer, { name: `${name}2`, digest })).status).toBe(400)
    expect(JSON.parse(good.body)).toMatchObject({ verifiedDigestCrc32c: true, protectionLevel: 'HSM' })
    expect((await curl('POST', sign, bearer, { digest, digestCrc32c: '1' })).status).toBe(400)
    expect((await curl('POST', sign, bearer, { digest: { sha256: Buffer.alloc(20).toString('base64') } })).status).toBe(
      400,
    )
  })
})
