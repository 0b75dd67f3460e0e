import { randomBytes, randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Device, DeviceTrace, KeySpec } from '../../devices/device.ts'
import type { HttpDouble } from '../../src/sandbox/http/http-double.ts'
import { type Opening, openDsm, openKms } from './open-cloud-device.ts'
import { withDirectory, withDsm, withKms } from './with-double.ts'

const directory = withDirectory()
const dsm = withDsm(directory)
const kms = withKms(directory)
/** A credential file that impersonates by workload identity. */
let workload: string
beforeAll(async () => {
  const { impersonated, subjectToken } = kms().service.tokens
  const source = join(directory(), 'subject-token')
  await writeFile(source, subjectToken)
  workload = join(directory(), 'workload.json')
  await writeFile(
    workload,
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${kms().endpoint}/v1/token`,
      credential_source: { file: source },
      service_account_impersonation_url: `${kms().endpoint}/v1/projects/-/serviceAccounts/${impersonated}:generateAccessToken`,
    }),
  )
}, 60_000)

interface Subject {
  readonly open: (opening: Opening) => Promise<Device>
  readonly http: () => HttpDouble
  /** Secrets that a service could echo. */
  readonly planted: () => Promise<readonly string[]>
  /** How secrets that are made on the way begin. */
  readonly marks: readonly RegExp[]
  readonly calls: readonly string[]
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  'Fortanix DSM': {
    open: (opening) => openDsm(dsm(), opening),
    http: () => dsm().http,
    planted: async () => {
      const key = dsm().service.sessions.apiKey
      return [key, Buffer.from(key, 'base64').toString().split(':')[1] ?? '']
    },
    marks: [/session-[0-9a-f]{8}/],
    calls: ['Authenticate', 'GetSobject', 'CreateSobject', 'Sign', 'KeyAttestation'],
  },
  'Cloud KMS': {
    open: (opening) => openKms(kms(), opening),
    http: () => kms().http,
    planted: async () => {
      const { private_key } = JSON.parse(await readFile(String(kms().settings.credentialsFile), 'utf8'))
      return [private_key]
    },
    marks: [/ya29\.[0-9a-f]{8}/, /assertion=/, /PRIVATE KEY/, /eyJ[A-Za-z0-9_-]{20}/],
    calls: ['Token', 'GetCryptoKey', 'CreateCryptoKey', 'GetPublicKey', 'AsymmetricSign'],
  },
  'Cloud KMS by workload identity': {
    open: (opening) => openKms(kms(), { ...opening, settings: { credentialsFile: workload } }),
    http: () => kms().http,
    planted: async () => [kms().service.tokens.subjectToken],
    marks: [/ya29\.[0-9a-f]{8}/, /subject-[0-9a-f]{8}/],
    calls: ['ExchangeToken', 'GenerateAccessToken', 'GetCryptoKey'],
  },
}

/** Everything that a person, a log or a crash report would get to see. */
async function everythingSeen(open: (opening: Opening) => Promise<Device>): Promise<string> {
  const traces: DeviceTrace[] = []
  const seen: string[] = []
  const outputs = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      seen.push(String(chunk))
      return true
    }),
  )
  try {
    const device = await open({ traces })
    seen.push(inspect(device, { depth: 20, showHidden: false }))
    const spec: KeySpec = { algorithm: 'P-256', label: `s-${randomUUID()}`.slice(0, 30), id: randomBytes(16) }
    try {
      seen.push(JSON.stringify(await device.describe()))
      const key = await device.generateKeyPair(spec)
      await key.sign('SHA-256', Buffer.from('data'))
      await key.attest()
      seen.push(inspect(key, { depth: 20 }))
    } catch (error) {
      seen.push(inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), String(error))
    }
    await device.close()
  } finally {
    for (const output of outputs) output.mockRestore()
  }
  expect(traces.length).toBeGreaterThan(0)
  seen.push(JSON.stringify(traces))
  return seen.join('\n')
}

/** Where a secret, or a good part of one, shows: the text around it. */
function leaks(seen: string, secrets: readonly string[], marks: readonly RegExp[]): readonly string[] {
  const parts = secrets
    .flatMap((secret) => [secret, secret.slice(40, 70), secret.slice(-30)])
    .filter((it) => it.length > 15)
  const places = [...parts.map((part) => seen.indexOf(part)), ...marks.map((mark) => seen.search(mark))]
  return places.filter((at) => at >= 0).map((at) => seen.slice(Math.max(0, at - 80), at + 40))
}

describe.each(Object.entries(SUBJECTS))(
  '%s: no planted secret is seen',
  (_name, { open, http, planted, marks, calls }) => {
    it('in a run that goes well', async () => {
      expect(leaks(await everythingSeen(open), await planted(), marks)).toEqual([])
    })

    it.each(calls)('when the service echoes every header at %s', async (call) => {
      const secrets = await planted()
      const echo = secrets.map((secret) => `Authorization: Basic ${secret} token ${secret}`).join(' ')
      for (const body of [echo, { error: { code: 403, status: 'PERMISSION_DENIED', message: echo } }]) {
        http().faults.add({ kind: 'status', status: 403, call, times: 9, body })
        const seen = await everythingSeen(open)
        http().faults.clear()
        expect(leaks(seen, secrets, marks)).toEqual([])
      }
    })

    it.each(calls)('when the connection drops at %s', async (call) => {
      http().faults.add({ kind: 'drop', call, times: 99 })
      const seen = await everythingSeen(open)
      http().faults.clear()
      expect(leaks(seen, await planted(), marks)).toEqual([])
    })
  },
)
