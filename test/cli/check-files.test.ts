import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writePem } from '../../src/asn1/pem.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import type { ProgramEnd } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { makeCsr } from '../sectigo/rehearsal-kit.ts'

let folder: string
const key = testKeyPair('P-384')
const device = createYubikeyEvidenceIssuer({ serial: 7, firmware: '5.7.4', formFactor: 1 }, { keyType: 'P-256' })
const leaf = Buffer.from(
  writePem('CERTIFICATE', device.attest({ spki: key.spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })),
)
const f9 = Buffer.from(writePem('CERTIFICATE', device.f9Certificate))
const request = makeCsr('CN=Ada Example', key)

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await mkdir(join(folder, name, '..'), { recursive: true })
  await writeFile(join(folder, name), content)
  return join(folder, name)
}
const check = async (...args: string[]): Promise<ProgramEnd> =>
  runInside(['check', '--fips', 'off', '--trust-anchors', join(folder, 'root.pem'), ...args])

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-files-'))
  await file('root.pem', writePem('CERTIFICATE', device.root.certificate))
  await file('pair.pem', Buffer.concat([leaf, f9]))
  await file('request.pem', request)
})
afterAll(() => rm(folder, { recursive: true }))

describe('check', () => {
  it('says in its headline that nothing was compared, and not where a request was', async () => {
    const alone = await check('--attestation', join(folder, 'pair.pem'))
    expect(alone.code, alone.stderr).toBe(0)
    expect(alone.stdout.split('\n')[0]).toBe('YUBIKEY: acceptable, but not bound to a request')
    const bound = await check('--attestation', join(folder, 'pair.pem'), '--csr', join(folder, 'request.pem'))
    expect(bound.stdout.split('\n')[0]).toBe('YUBIKEY: acceptable')
    const told = await runInside(['inspect', join(folder, 'pair.pem'), '--trust-anchors', join(folder, 'root.pem')], {
      env: { HSM_ENROLL_POLICY_FIPS: 'off' },
    })
    expect(told.stdout).toContain('not bound to a request')
  })

  it('has what it undid in its result, for the screen and for programs', async () => {
    const twice = await file('twice', Buffer.from(Buffer.concat([leaf, f9]).toString('base64')).toString('base64'))
    const quoted = await file('quoted', request.replace(/^/gm, '> '))
    const notes = ['decoded base64', /second time/, /request: removed the ">"/]
    const shown = await check('--attestation', twice, '--csr', quoted)
    expect(shown.code, shown.stderr).toBe(0)
    for (const note of notes) expect(shown.stdout).toMatch(note)
    const { notes: written } = JSON.parse((await check('--attestation', twice, '--csr', quoted, '--json')).stdout) as {
      notes: string[]
    }
    expect(written).toEqual(notes.map((note) => expect.stringMatching(note)))
    const plain = await check('--attestation', join(folder, 'pair.pem'), '--json')
    expect(JSON.parse(plain.stdout)).not.toHaveProperty('notes')
  })

  it('sorts the files of a folder, compares with the request among them, and names those that are of no use', async () => {
    await file('of-one-key/a-f9.pem', f9)
    await file('of-one-key/b-leaf.pem', leaf)
    await file('of-one-key/c-request.csr', request)
    await file('of-one-key/d-letter.txt', 'Dear all, please find enclosed what you asked for.')
    const end = await check('--attestation', join(folder, 'of-one-key'), '--json')
    expect(end.code, end.stderr).toBe(0)
    const { checks, notes } = JSON.parse(end.stdout) as { checks: { id: string; status: string }[]; notes: string[] }
    expect(checks).toContainEqual(expect.objectContaining({ id: 'binding.key', status: 'pass' }))
    expect(notes).toContain('passed over d-letter.txt')
    expect(notes).toContain('found a request beside the attestation')
  })

  it('compares with no request where a folder has two, and says so', async () => {
    await file('of-two/a.pem', Buffer.concat([leaf, f9]))
    await file('of-two/b.csr', request)
    await file('of-two/c.csr', makeCsr('CN=Ada Example', testKeyPair('P-256')))
    const end = await check('--attestation', join(folder, 'of-two'))
    expect(end.stdout).toMatch(/not bound to a request/)
    expect(end.stdout).toMatch(/found 2 requests beside the attestation, and compared it with none of them/)
  })

  it('refuses a folder with a private key in it, by the name of the file', async () => {
    await file('with-key/a.pem', Buffer.concat([leaf, f9]))
    const pem = key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    await file('with-key/key.b64', Buffer.from(pem).toString('base64'))
    const end = await check('--attestation', join(folder, 'with-key'))
    expect(end).toMatchObject({ code: 2, stdout: '' })
    expect(end.stderr).toMatch(/key\.b64.*contains a private key \(PRIVATE KEY\)/)
  })

  it('refuses a folder without files, and one with too many', async () => {
    await mkdir(join(folder, 'empty', 'below'), { recursive: true })
    expect((await check('--attestation', join(folder, 'empty'))).stderr).toMatch(/no file that could be evidence/)
    for (let i = 0; i < 33; i++) await file(`many/${i}`, leaf)
    expect((await check('--attestation', join(folder, 'many'))).stderr).toMatch(/33 files, more than 32/)
  })
})

describe('certificate files of other programs', () => {
  it('a pair that openssl sorted into a PKCS#7 is read', async () => {
    const p7b = execFileSync('openssl', [
      'crl2pkcs7',
      '-nocrl',
      '-certfile',
      join(folder, 'pair.pem'),
      '-outform',
      'DER',
    ])
    const end = await check('--attestation', await file('pair.p7b', p7b), '--json')
    expect(end.code, end.stderr).toBe(0)
    expect(JSON.parse(end.stdout)).toMatchObject({ hsmType: 'YUBIKEY', genuine: true })
  })
})
