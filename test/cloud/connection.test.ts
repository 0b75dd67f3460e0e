import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Device, KeySpec } from '../../devices/device.ts'
import { hostsWithoutProxy, proxiesOf } from '../../devices/http/dispatcher.ts'
import { loopbackTlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import { type DsmDouble, startDsmDouble } from '../../src/sandbox/fortanix/double.ts'
import { type KmsDouble, startKmsDouble } from '../../src/sandbox/marvell-google/double.ts'
import { freePort } from '../free-port.ts'
import { type ConnectProxy, startConnectProxy } from './connect-proxy.ts'
import { type Opening, openDsm, openKms } from './open-cloud-device.ts'

let directory: string
let caFile: string
let dsm: DsmDouble
let kms: KmsDouble
let proxy: ConnectProxy
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cloud-'))
  const identity = loopbackTlsIdentity('cloud.test')
  caFile = join(directory, 'ca.pem')
  await writeFile(caFile, identity.caCertificatePem)
  const tls = { key: identity.key, cert: identity.certificate }
  dsm = await startDsmDouble({ directory, tls })
  kms = await startKmsDouble({ directory, tls })
  proxy = await startConnectProxy('operator:pr0xy-passw0rd')
}, 60_000)
afterAll(async () => {
  await Promise.all([dsm.close(), kms.close(), proxy.close()])
  await rm(directory, { recursive: true })
})

const ENVIRONMENT = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']
const before = Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]]))
afterEach(() => {
  for (const name of ENVIRONMENT) {
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  }
})

const newSpec = (): KeySpec => ({
  algorithm: 'P-256',
  label: `net-${randomBytes(4).toString('hex')}`,
  id: randomBytes(16),
})

async function wholeRun(device: Device): Promise<void> {
  try {
    const key = await device.generateKeyPair(newSpec())
    await key.sign('SHA-256', Buffer.from('data'))
    await key.attest()
  } finally {
    await device.close()
  }
}

interface Family {
  readonly open: (opening: Opening) => Promise<Device>
  /** Opens it under a name that only the proxy knows. */
  readonly openFar: (settings: Readonly<Record<string, unknown>>) => Promise<Device>
  readonly openAs: (host: string, settings: Readonly<Record<string, unknown>>) => Promise<Device>
}

const at = (host: string, endpoint: string): string => endpoint.replace('localhost', host)
const far = (endpoint: string): string => at('cloud.test', endpoint)

const FAMILIES: Readonly<Record<string, Family>> = {
  'Fortanix DSM': {
    open: (opening) => openDsm(dsm, opening),
    openFar: (settings) => openDsm(dsm, { uri: `fortanix:endpoint=${far(dsm.endpoint)}`, settings }),
    openAs: (host, settings) => openDsm(dsm, { uri: `fortanix:endpoint=${at(host, dsm.endpoint)}`, settings }),
  },
  'Cloud KMS, tokens included': {
    open: (opening) => openKms(kms, opening),
    openFar: (settings) => openKms(kms, { settings: { ...settings, endpoint: far(kms.endpoint) } }),
    openAs: (host, settings) => openKms(kms, { settings: { ...settings, endpoint: at(host, kms.endpoint) } }),
  },
}

describe.each(Object.entries(FAMILIES))('%s over TLS', (_name, { open, openFar, openAs }) => {
  it('is trusted through a private CA file', async () => {
    await wholeRun(await open({ settings: { caFile } }))
  })

  it('is not trusted without it, and nothing is sent', async () => {
    const device = await open({ settings: { retries: '0' } })
    const error = await device.findKey({ label: 'x' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'device.unreachable', remedy: expect.stringMatching(/caFile/) })
    await device.close()
  })

  it.each([
    ['directly', {}],
    ['through a proxy', { noProxy: 'elsewhere.invalid' }],
  ])('is not trusted %s either where NODE_TLS_REJECT_UNAUTHORIZED=0 asks for it', async (_way, settings) => {
    const way = 'noProxy' in settings ? { ...settings, proxy: proxy.url } : settings
    const [asked, tokens] = [dsm.http.log.length, kms.http.log.length]
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const device = await open({ settings: { ...way, retries: '0' } })
      const error = await device.findKey({ label: 'x' }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'device.unreachable' })
      await device.close()
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    }
    expect([dsm.http.log.length, kms.http.log.length]).toEqual([asked, tokens])
  })

  it('must name its own host through a proxy, too', async () => {
    const device = await openAs('127.0.0.2', { caFile, proxy: proxy.url, noProxy: 'elsewhere.invalid', retries: '0' })
    const error = await device.findKey({ label: 'x' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: expect.stringContaining('its certificate is for another host') })
    await device.close()
  })

  it('is reached through the proxy of the settings, with its user and password', async () => {
    const tunnels = proxy.tunnels.length
    await wholeRun(await open({ settings: { caFile, proxy: proxy.url, noProxy: 'elsewhere.invalid' } }))
    expect(proxy.tunnels.length).toBeGreaterThan(tunnels)
    expect(new Set(proxy.tunnels.slice(tunnels).map((it) => it.split(':')[0]))).toEqual(new Set(['localhost']))
  })

  it('is reached through the proxy of the environment', async () => {
    Object.assign(process.env, { HTTPS_PROXY: proxy.url, https_proxy: proxy.url, NO_PROXY: '', no_proxy: '' })
    const tunnels = proxy.tunnels.length
    await wholeRun(await openFar({ caFile }))
    expect(proxy.tunnels.slice(tunnels).map((it) => it.split(':')[0])).toContain('cloud.test')
  })

  it('on loopback is never reached through the proxy of the environment', async () => {
    const nobody = 'http://127.0.0.1:1'
    Object.assign(process.env, { HTTPS_PROXY: nobody, https_proxy: nobody, HTTP_PROXY: nobody, http_proxy: nobody })
    await wholeRun(await open({ settings: { caFile } }))
  })

  it('names the proxy that nobody runs', async () => {
    const device = await open({ settings: { caFile, proxy: 'http://me:pr0xy@127.0.0.1:1', noProxy: '-', retries: 0 } })
    await expect(device.findKey({ label: 'x' })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Could not reach localhost:\d+ through the proxy 127\.0\.0\.1:1: connection refused\.$/,
      ),
      remedy: expect.stringContaining('proxy'),
    })
    await device.close()
  })

  it('says so where the proxy refuses, without its password', async () => {
    const wrong = proxy.url.replace('pr0xy-passw0rd', 'wr0ng-passw0rd')
    const device = await open({ settings: { caFile, proxy: wrong, noProxy: 'elsewhere.invalid', retries: 0 } })
    const error = await device.findKey({ label: 'x' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'device.unreachable', remedy: expect.stringMatching(/proxy/) })
    expect(JSON.stringify(error) + String(error)).not.toContain('wr0ng')
    await device.close()
  })
})

it.each([
  ['a,b', {}, 'a,b,localhost,127.0.0.1,[::1]'],
  ['', {}, ',localhost,127.0.0.1,[::1]'],
  ['*', {}, '*'],
  ['a', { noProxy: 'b' }, 'b,localhost,127.0.0.1,[::1]'],
  ['a', { proxy: 'http://proxy' }, 'a'],
  ['a', { proxy: 'http://proxy', noProxy: 'b' }, 'b'],
])('NO_PROXY=%s with %j leaves these hosts without a proxy: %s', (environment, settings, hosts) => {
  Object.assign(process.env, { NO_PROXY: environment, no_proxy: environment })
  expect(hostsWithoutProxy(settings)).toBe(hosts)
})

it('the proxies of the environment may leave out their scheme', () => {
  Object.assign(process.env, { HTTP_PROXY: '', http_proxy: '', HTTPS_PROXY: 'a:3128', https_proxy: 'a:3128' })
  expect(proxiesOf({})).toEqual({ httpsProxy: 'http://a:3128' })
  expect(proxiesOf({ proxy: 'http://b' })).toEqual({ httpProxy: 'http://b', httpsProxy: 'http://b' })
})

it.each(['socks5://127.0.0.1:1080', 'http://', 'a b', 'http://me:pr0xy-passw0rd@'])(
  'HTTPS_PROXY=%s is refused, and nothing is sent',
  async (text) => {
    Object.assign(process.env, { HTTPS_PROXY: text, https_proxy: text })
    const device = await openDsm(dsm, { settings: { caFile } })
    const error: unknown = await device.describe().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'device.settings', message: expect.stringContaining('HTTPS_PROXY') })
    expect(String(error)).not.toContain('pr0xy')
    await device.close()
  },
)

it('workload identity and impersonation take the same way as the calls: private CA and proxy', async () => {
  const subject = join(directory, 'subject-token')
  await writeFile(subject, kms.service.tokens.subjectToken)
  const credentialsFile = join(directory, 'workload.json')
  const account = `${kms.endpoint}/v1/projects/-/serviceAccounts/${kms.service.tokens.impersonated}`
  await writeFile(
    credentialsFile,
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${kms.endpoint}/v1/token`,
      credential_source: { file: subject },
      service_account_impersonation_url: `${account}:generateAccessToken`,
    }),
  )
  kms.http.log.length = 0
  const tunnels = proxy.tunnels.length
  const settings = { caFile, credentialsFile, proxy: proxy.url, noProxy: 'elsewhere.invalid' }
  await wholeRun(await openKms(kms, { settings }))
  expect(kms.http.log.slice(0, 2)).toEqual(['ExchangeToken', 'GenerateAccessToken'])
  expect(proxy.tunnels.length).toBeGreaterThan(tunnels)
})

describe('an address where nothing answers well', () => {
  it('refused connections are tried again, for calls of every kind, and then told', async () => {
    const port = await freePort()
    const waits: number[] = []
    const device = await openDsm(dsm, {
      uri: `fortanix:endpoint=http://127.0.0.1:${port}`,
      waits,
      settings: { retries: 2 },
    })
    const error = await device.generateKeyPair(newSpec()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'device.unreachable', vendorCode: 'ECONNREFUSED', transient: true })
    expect(waits).toHaveLength(2)
  })

  it('a body without end is cut off', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n')
        const pump = (): void => {
          if (!socket.destroyed) socket.write(Buffer.alloc(65536), pump)
        }
        pump()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const device = await openDsm(dsm, { uri: `fortanix:endpoint=http://127.0.0.1:${port}` })
    await expect(device.describe()).rejects.toMatchObject({ code: 'device.protocol' })
    await device.close()
    await new Promise((resolve) => server.close(resolve))
  })

  it.each([
    ['fortanix:endpoint=http://dsm.example.org', {}],
    ['fortanix:endpoint=https://user:password@dsm.example.org', {}],
    ['fortanix:region=mars', {}],
    ['fortanix:', {}],
    ['fortanix:region=eu;slot=1', {}],
    ['fortanix:region=eu', { caFile: '/nonexistent/ca.pem' }],
    ['fortanix:region=eu', { timeoutSeconds: 'soon' }],
    ['fortanix:region=eu', { colour: 'blue' }],
    ['fortanix:region=eu', { authentication: 'certificate' }],
    ['fortanix:region=eu', { proxy: 'socks5://127.0.0.1:1080' }],
  ])('%s with %j is refused before anything is sent', async (uri, settings) => {
    await expect(openDsm(dsm, { uri, settings })).rejects.toMatchObject({
      code: expect.stringMatching(/^device\.(uri|settings)$/),
    })
  })
})
