import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { exportJwk } from '../../devices/export-jwk.ts'
import { HSM_TYPES } from '../../src/hsm-type.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import type { ProgramEnd } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { SYNTHETIC_EVIDENCE } from '../tools/corpus.ts'

let folder: string
let rehearsal: Rehearsal
let request: string
let attestation: string
/** Of another key on the same device. */
let other: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orders-refused-'))
  rehearsal = await startRehearsal({ directory: join(folder, 'r'), device: 'yubihsm2', algorithm: 'P-256' })
  ;({ request, attestation } = await attested())
  ;({ attestation: other } = await attested())
})
afterAll(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

async function attested(): Promise<{ readonly request: string; readonly attestation: string }> {
  const end = await runInside(['attest', rehearsal.profile, '--json'])
  expect(end.code, end.stderr).toBe(0)
  const { folder: run } = JSON.parse(end.stdout) as { folder: string }
  return {
    request: await readFile(join(run, 'request.csr.pem'), 'utf8'),
    attestation: await readFile(join(run, 'attestation.pem'), 'utf8'),
  }
}

let files = 0
async function fileOf(content: string | Uint8Array): Promise<{ readonly file: string }> {
  const file = join(folder, `${++files}.bin`)
  await writeFile(file, content)
  return { file }
}

const form = (over: Record<string, unknown>): Record<string, unknown> => ({
  product: '1214',
  days: '365',
  SmartCardBased: 'N',
  isCustomerValidated: 'N',
  organizationName: 'Example Signing GmbH',
  streetAddress1: 'Oudegracht 1',
  localityName: 'Utrecht',
  stateOrProvinceName: 'Utrecht',
  countryName: 'NL',
  postalCode: '07068',
  appRepTitle: 'Director',
  appRepForename: 'Zoë',
  appRepSurname: 'Example',
  appRepEmailAddress: 'zoe@signing.example',
  hsmType: 'YUBIHSM2',
  csr: request,
  keyAttestation: base64(attestation),
  ...over,
})

const submit = (over: Record<string, unknown>, ...more: string[]): Promise<ProgramEnd> =>
  submitUnder(rehearsal.profile, over, ...more)

async function submitUnder(profile: string, over: Record<string, unknown>, ...more: string[]): Promise<ProgramEnd> {
  const file = join(folder, `${++files}.yaml`)
  await writeFile(file, stringify(form(over)))
  return runInside(['order', 'submit', file, '--profile', profile, '--yes', '--json', ...more])
}

const base64 = (content: string | Uint8Array): string => Buffer.from(content).toString('base64')
/** Every request that the rehearsal CA has seen. */
const seen = (): string => JSON.stringify(rehearsal.ca.counters)
const runs = async (): Promise<number> => (await readdir(join(rehearsal.stateDirectory, 'runs'))).length

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const der = privateKey.export({ type: 'pkcs8', format: 'der' })
const leafOf = (text: string): string => text.slice(0, text.indexOf('-----BEGIN', 1))

/** A bare secret number of the key: in no output, no file, no request. */
const secret = Buffer.from(exportJwk(privateKey).d ?? '', 'base64url')
const traces = (text: string): boolean =>
  text.includes(secret.toString('base64').slice(4, 36)) ||
  text.includes(base64(der).slice(0, 40)) ||
  text.includes(pem.slice(40, 80))

describe('order submit sends nothing', () => {
  const PRIVATE_KEYS: readonly [string, () => Promise<Record<string, unknown>>][] = [
    ['PEM as the attestation', async () => ({ keyAttestation: pem })],
    ['base64 of its PEM as the attestation', async () => ({ keyAttestation: base64(pem) })],
    ['base64 of its DER as the attestation', async () => ({ keyAttestation: base64(der) })],
    ['base64, twice', async () => ({ keyAttestation: base64(base64(der)) })],
    ['its file as the attestation', async () => ({ keyAttestation: { 'base64-of': (await fileOf(pem)).file } })],
    ['its binary file', async () => ({ keyAttestation: { 'base64-of': (await fileOf(der)).file } })],
    ['behind a good attestation', async () => ({ keyAttestation: base64(attestation + pem) })],
    [
      'without a label behind a good attestation',
      async () => ({ keyAttestation: base64(`${attestation}${base64(der)}\n`) }),
    ],
    [
      'under the label of a certificate',
      async () => ({ keyAttestation: base64(pem.replaceAll('PRIVATE KEY', 'CERTIFICATE')) }),
    ],
    ['in UTF-16', async () => ({ keyAttestation: await fileOf(Buffer.from(`\ufeff${pem}`, 'utf16le')) })],
    ['as the request', async () => ({ csr: pem })],
    ['behind the request', async () => ({ csr: `${request}${pem}` })],
    ['as a binary file for the request', async () => ({ csr: await fileOf(der) })],
    ['as the product', async () => ({ product: base64(der) })],
    ['in a comment', async () => ({ comments: `the key is ${base64(der)}` })],
    ['in a mail as the name of the company', async () => ({ organizationName: `Content-Type: text/plain\n\n${pem}` })],
    ['in JSON', async () => ({ appRepTitle: JSON.stringify({ kty: 'EC', d: secret.toString('base64url') }) })],
  ]
  it.each(PRIVATE_KEYS)('of a private key, %s; with --send-anyway as little', async (_how, over) => {
    const before = seen()
    const count = await runs()
    for (const more of [[], ['--send-anyway'], ['--dry-run'], ['--test']]) {
      const end = await submit(await over(), ...more)
      expect(end.code, end.stderr).toBe(2)
      expect(end.stderr).toContain('private key')
      expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: 'input.private-key' } })
      expect(traces(end.stdout + end.stderr)).toBe(false)
    }
    expect(seen()).toBe(before)
    expect(await runs()).toBe(count)
  })

  const FAULTY: readonly [string, RegExp, () => Record<string, unknown>][] = [
    ['a web page', /web page \("Sign in"\)/, () => ({ keyAttestation: base64('<html><title>Sign in</title></html>') })],
    [
      'the attestation of another key',
      /the attested key is not the request's key/,
      () => ({ keyAttestation: base64(other) }),
    ],
    [
      'the attestation alone, without the device certificate',
      /the device certificate is missing/,
      () => ({ keyAttestation: base64(leafOf(attestation)) }),
    ],
    ['evidence of another family', /it is YUBIHSM2 evidence/, () => ({ hsmType: 'YUBIKEY' })],
    ['half an attestation', /does not end|cut off/, () => ({ keyAttestation: base64(attestation.slice(0, 900)) })],
    [
      'an attestation with a changed byte',
      /did not sign|malformed|altered/,
      () => ({ keyAttestation: base64(changed(attestation)) }),
    ],
  ]
  it.each(FAULTY)('of %s, unless it is told to; --dry-run exits 1', async (_what, says, over) => {
    const before = seen()
    for (const more of [[], ['--dry-run'], ['--test']]) {
      const end = await submit(over(), ...more)
      expect(end.code, end.stderr).toBe(1)
      expect(end.stderr).toMatch(says)
    }
    expect(JSON.parse((await submit(over(), '--dry-run')).stdout)).toMatchObject({ ready: false })
    expect(seen()).toBe(before)
    const anyway = await submit(over(), '--send-anyway', '--dry-run')
    expect(anyway.code, anyway.stderr).toBe(0)
    expect(anyway.stderr).toMatch(/warning: the key attestation/)
    expect(seen()).toBe(before)
  })
})

/** Evidence of each family under test roots that the profile trusts: only what is wrong with it keeps it from the CA. */
describe.each(HSM_TYPES)('order submit sends nothing of %s', (hsmType) => {
  const good = SYNTHETIC_EVIDENCE[hsmType]().find(({ expect: verdict }) => verdict === 'genuine')
  let trusting: string
  beforeAll(async () => {
    const { file } = await fileOf(JSON.stringify({ trustAnchors: good?.trustAnchors }))
    trusting = join(folder, `${++files}.yaml`)
    const profile = parse(await readFile(rehearsal.profile, 'utf8')) as Record<string, unknown>
    await writeFile(trusting, stringify({ ...profile, trustAnchors: [file] }))
  })

  const packed = (package_: Uint8Array): Uint8Array =>
    good?.certChains === undefined
      ? package_
      : Buffer.from(
          JSON.stringify({
            attestation: {
              format: 'CAVIUM_V2_COMPRESSED',
              content: base64(package_),
              certChains: { caviumCerts: [Buffer.from(good.certChains).toString()] },
            },
          }),
        )

  it.each<readonly [string, number, () => string | Uint8Array, RegExp]>([
    ['a private key', 2, () => pem, /private key/],
    ['a web page', 1, () => '<html><title>Sign in</title></html>', /web page/],
    ['the attestation of another key', 1, () => packed(good?.package ?? new Uint8Array()), /not the request's key/],
    ['half an attestation', 1, () => (good?.package ?? new Uint8Array()).subarray(0, 300), /key attestation/],
  ])('that is %s', async (_, code, content, says) => {
    const before = seen()
    for (const more of [[], ['--dry-run'], ['--test']]) {
      const end = await submitUnder(
        trusting,
        { hsmType, keyAttestation: { 'base64-of': (await fileOf(content())).file } },
        ...more,
      )
      expect(end.stderr).toMatch(says)
      expect(end.code, end.stderr).toBe(code)
    }
    expect(seen()).toBe(before)
  })
})

/** One bit of the signature of the first certificate. */
function changed(text: string): string {
  const [, body = ''] = /-----BEGIN CERTIFICATE-----\n([^-]+)-----END/.exec(text) ?? []
  const bytes = Buffer.from(body, 'base64')
  const at = bytes.length - 5
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return text.replace(body, `${(bytes.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n`)
}

describe('order submit sends what it read, once encoded', () => {
  it.each<[string, () => Promise<Record<string, unknown>>]>([
    [
      'a file that is base64 already',
      async () => ({ keyAttestation: { 'base64-of': (await fileOf(base64(attestation))).file } }),
    ],
    [
      'a PEM file with the line ends of Windows',
      async () => ({ keyAttestation: await fileOf(attestation.replaceAll('\n', '\r\n')) }),
    ],
    [
      'a file in UTF-16',
      async () => ({ keyAttestation: await fileOf(Buffer.from(`\ufeff${attestation}`, 'utf16le')) }),
    ],
    ['JSON', async () => ({ keyAttestation: await fileOf(JSON.stringify({ keyAttestation: base64(attestation) })) })],
    [
      'blocks without a line feed between them',
      async () => ({ keyAttestation: base64(attestation.replaceAll('-----\n-----', '----------')) }),
    ],
    ['a request with text before it, in DER, or quoted in a mail', async () => ({ csr: `Subject: CN=x\n${request}` })],
  ])('%s', async (_what, over) => {
    const end = await submit(await over(), '--dry-run')
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toMatch(/note: (keyAttestation|csr): /)
    const { ready, findings } = JSON.parse(end.stdout) as { ready: boolean; findings: { severity: string }[] }
    expect({ ready, severities: [...new Set(findings.map(({ severity }) => severity))] }).toEqual({
      ready: true,
      severities: ['ok'],
    })
  })

  it('which the CA takes', async () => {
    const end = await submit({
      keyAttestation: { 'base64-of': (await fileOf(base64(base64(attestation)))).file },
      csr: await fileOf(Buffer.from(request.replace(/-----[^-]+-----|\s/g, ''), 'base64')),
    })
    expect(end.code, end.stderr).toBe(0)
    expect(JSON.parse(end.stdout)).toMatchObject({ state: 'ordered' })
  })
})
