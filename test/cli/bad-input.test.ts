import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runInside } from '../enrollment/run-inside.ts'

let folder: string
const at = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bad-input-'))
  await writeFile(at('text'), 'hello, this is no attestation\n')
  await writeFile(at('not-base64'), 'AAAA!!!!AAAA')
  await writeFile(at('half'), '-----BEGIN CERTIFICATE-----\nMIIDEzCCAfugAwIBAgIJ\n')
  await writeFile(at('broken-der'), '-----BEGIN CERTIFICATE-----\nMIIDEzCCAfugAwIBAgIJ\n-----END CERTIFICATE-----\n')
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const pem = key.export({ type: 'pkcs8', format: 'pem' })
  await writeFile(at('key'), pem)
  await writeFile(at('certificate-and-key'), `-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n${pem}`)
  await writeFile(at('key.der'), key.export({ type: 'sec1', format: 'der' }))
  await symlink(at('loop'), at('loop'))
  await writeFile(at('family.yaml'), 'device:\n  uri: "yubihsm2:"\n  conector: http://127.0.0.1:1\n')
  await writeFile(at('empty'), '')
  await writeFile(at('large'), Buffer.alloc(10 * 1024 * 1024, 0x41))
  await writeFile(at('misspelt.yaml'), 'device:\n  uri: "yubihsm2:"\nrequest:\n  subjet: CN=x\n')
  await writeFile(at('no-subject.yaml'), 'device:\n  uri: "yubihsm2:"\n')
  await writeFile(
    at('pin-in-uri.yaml'),
    'device:\n  uri: "pkcs11:token=x?pin-value=123456"\n  hsmType: LUNA\nrequest:\n  subject: CN=x\n',
  )
  await writeFile(
    at('plain-http.yaml'),
    'device:\n  uri: "yubihsm2:"\nrequest:\n  subject: CN=x\nsectigo:\n  endpoint: http://ca.example/products/\n  loginName: env:L\n  loginPassword: env:L\n',
  )
})
afterAll(() => rm(folder, { recursive: true }))

const check = (file: string, ...more: string[]): string[] => [
  'check',
  '--hsm-type',
  'YUBIKEY',
  '--attestation',
  at(file),
  ...more,
]

describe('bad input ends with exit code 2, one line of cause and one of remedy', () => {
  it.each<[string, () => string[], RegExp]>([
    ['text that is nothing', () => check('text'), /Could not read the attestation/],
    ['characters that are no base64', () => check('not-base64'), /Could not read/],
    ['half a certificate', () => check('half'), /cut off|does not end|half/],
    ['an empty file', () => check('empty'), /empty/],
    ['a 10 MB file', () => check('large'), /more than/],
    ['a file that is not there', () => check('nosuch'), /no such file/],
    ['a folder with private keys in it', () => ['check', '--attestation', folder], /private key/],
    ['a folder in place of a request', () => check('broken-der', '--csr', folder), /folder/],
    [
      'an unknown hsmType',
      () => ['check', '--hsm-type', 'YUBIKEE', '--attestation', at('text')],
      /Did you mean "YUBIKEY"/,
    ],
    ['an unknown command', () => ['enrol'], /no command "enrol"\. Did you mean "enroll"/],
    ['an unknown command of a group', () => ['runs', 'lst'], /no command "runs lst"\. Did you mean "list"/],
    ['an unknown option', () => ['trust', 'list', '--jsn'], /no option "--jsn" here\. Did you mean "--json"/],
    ['a misspelt option that is required', () => ['check', '--atestation', at('text')], /Did you mean "--attestation"/],
    ['an option without its value', () => check('broken-der', '--csr'), /"csr" has no value/],
    ['a list option without a value', () => ['check', '--attestation'], /no file was specified/],
    ['a command without its option', () => ['check'], /Something is missing: --attestation\./],
    [
      'a value that is no choice',
      () => check('text', '--fips', 'no'),
      /use --fips "no": it must be one of refuse, warn/,
    ],
    ['a new profile of no family', () => ['init', at('new.yaml')], /no device family was specified/],
    ['a command without its file', () => ['inspect'], /inspect <file/],
    ['a private key', () => check('key'), /key: it contains a private key \(PRIVATE KEY\)/],
    ['a private key beside a certificate', () => ['inspect', at('certificate-and-key')], /contains a private key/],
    ['a private key as the request', () => check('broken-der', '--csr', at('key.der')), /private key \(EC\)/],
    ['a file that links to itself', () => check('loop'), /symbolic links/],
    ['trust anchors without end', () => check('broken-der', '--trust-anchors', '/dev/zero'), /more than/],
    ['a key generation without a device', () => ['keygen', '--state-directory', folder], /"device.uri" is not set/],
    ['a misspelt setting of the device', () => ['plan', at('family.yaml')], /Did you mean "connector"/],
    ['a device URI that cannot be', () => ['keygen', '--device', 'foo:', '--state-directory', folder], /scheme "foo:"/],
    [
      'a state folder where none can be',
      () => ['keygen', '--device', 'yubihsm2:', '--state-directory', '/proc/x'],
      /no such file/,
    ],
    ['no command', () => [], /Specify a command/],
    ['a command behind --', () => ['--', 'enroll', 'x.yaml'], /Specify a command/],
    ['a command of a group behind --', () => ['runs', '--', 'list'], /Specify a command/],
    ['a misspelt key in a profile', () => ['enroll', at('misspelt.yaml')], /Did you mean "subject"/],
    ['a profile without a subject', () => ['enroll', at('no-subject.yaml')], /request\.subject/],
    ['a profile that is not there', () => ['enroll', at('nosuch.yaml')], /Could not find the profile/],
    ['a PIN in the URI', () => ['enroll', at('pin-in-uri.yaml')], /pin-source/],
    ['an endpoint without TLS', () => ['balance', '--profile', at('plain-http.yaml')], /https/i],
    ['a run that is not there', () => ['runs', 'show', 'nosuch'], /runs list/],
  ])('%s', async (_what, args, says) => {
    const end = await runInside(args(), {
      env: { L: 'x', HSM_ENROLL_DEVICE_SECRETS_PASSWORD: 'env:L', XDG_STATE_HOME: folder },
    })
    const lines = end.stderr.trim().split('\n')
    expect(end.stderr).toMatch(says)
    expect(lines.some((line) => line.startsWith('error: '))).toBe(true)
    expect(lines.some((line) => line.startsWith('Try: '))).toBe(true)
    expect(end.stderr).not.toMatch(/\bat .*\.js:\d+/)
    expect(end.stderr).not.toContain('123456')
    expect(end.stdout).toBe('')
    expect(end.code).toBe(2)
  })

  it('leaves no run behind where a run could not begin', async () => {
    expect(await readdir(join(folder, 'runs')).catch(() => [])).toEqual([])
  })

  it('a certificate cut off inside its DER is readable enough for a verdict: refused, exit 1', async () => {
    const end = await runInside([...check('broken-der'), '--json'])
    expect(end.code).toBe(1)
    expect(JSON.parse(end.stdout)).toMatchObject({ genuine: false, acceptable: false })
  })

  it('says the same in JSON, and only JSON, on stdout', async () => {
    const end = await runInside([...check('text'), '--json'])
    expect(end.code).toBe(2)
    expect(JSON.parse(end.stdout)).toMatchObject({
      error: { code: 'evidence.unreadable', exitCode: 2, remedy: expect.stringMatching(/\S/) },
    })
  })
})
