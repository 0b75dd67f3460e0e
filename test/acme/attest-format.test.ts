import { createHash, createPublicKey, verify } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'cborg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseCertificate } from '../../src/asn1/certificate.ts'
import { readPem } from '../../src/asn1/pem.ts'
import { readEvidence } from '../../src/check/read/evidence-input.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { missingForPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import { startDouble, type YubikeyDouble } from '../../src/sandbox/yubikey/double.ts'
import { runProgram } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { allHere } from '../not-run.ts'

const KEY_AUTHORIZATION = `evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.${createHash('sha256').update('account').digest('base64url')}`

/** The built program through pcscd and libykcs11; the object is taken apart here, by its words in WebAuthn and the draft. */
describe.runIf(allHere(missingForPcscd()))('attest --format', () => {
  let folder: string
  let double: YubikeyDouble
  let rehearsal: Rehearsal
  let run: { readonly id: string; readonly folder: string; readonly state: string }
  let env: Readonly<Record<string, string>>
  const attest = async (code: number, ...args: readonly string[]) => {
    const end = await runProgram(['attest', ...args, '--json', '--no-input'], { env })
    expect(end.code, end.stderr).toBe(code)
    return JSON.parse(end.stdout)
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yk-'))
    double = await startDouble({ directory: folder })
    rehearsal = await startRehearsal({ directory: join(folder, 'r'), device: double, algorithm: 'P-256' })
    env = { ...double.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: folder }
    await writeFile(join(folder, 'authorization'), `${KEY_AUTHORIZATION}\n`)
    run = await attest(0, rehearsal.profile, '--format', 'step', '--key-authorization', join(folder, 'authorization'))
  })
  afterAll(async () => {
    await rehearsal.close()
    await rm(folder, { recursive: true })
  })

  /** Members by their names; the device's certificates in their order, and a signature that holds over the key authorization. */
  async function expectWhole(object: Uint8Array): Promise<void> {
    const { fmt, attStmt, ...more } = decode(object)
    expect([fmt, Object.keys(more), Object.keys(attStmt).sort()]).toEqual(['step', [], ['alg', 'sig', 'x5c']])
    const kept = readPem(await readFile(join(run.folder, 'attestation.pem'), 'utf8')).map(({ der }) => Buffer.from(der))
    expect(attStmt.x5c.map((der: Uint8Array) => Buffer.from(der))).toEqual(kept)
    const leaf = parseCertificate(attStmt.x5c[0])
    const key = createPublicKey({ key: Buffer.from(leaf.spki), format: 'der', type: 'spki' })
    expect(attStmt.alg).toBe(-7)
    // CBOR in CBOR: a byte string inside the byte string.
    expect(verify('sha256', Buffer.from(KEY_AUTHORIZATION), key, decode(attStmt.sig))).toBe(true)
  }

  /** What `check` takes out of it is what the run has. */
  async function expectRead(file: string): Promise<void> {
    const { package: package_ } = readEvidence(await readFile(join(run.folder, file)))
    expect(Buffer.from(package_).toString()).toBe(await readFile(join(run.folder, 'attestation.pem'), 'utf8'))
  }

  it('step writes what step prints: the object in base64url, signed over the key authorization', async () => {
    expect(run.state).toBe('attested')
    const text = await readFile(join(run.folder, 'attestation-object.txt'), 'utf8')
    expect(text).toMatch(/^[\w-]+\n$/)
    await expectWhole(Buffer.from(text.trim(), 'base64url'))
    await expectRead('attestation-object.txt')
  })

  it('acme writes the answer to the challenge, of a run that has its attestation', async () => {
    const state = ['--state-directory', rehearsal.stateDirectory]
    const options = ['--format', 'acme', '--key-authorization', join(folder, 'authorization')]
    await attest(0, '--run', run.id, ...state, ...options)
    const answer = JSON.parse(await readFile(join(run.folder, 'attestation-object.json'), 'utf8'))
    expect(Object.keys(answer)).toEqual(['attObj'])
    await expectWhole(Buffer.from(answer.attObj, 'base64url'))
    await expectRead('attestation-object.json')
  })

  it('cbor without a challenge writes the certificates alone, and check reads them', async () => {
    await attest(0, '--run', run.id, '--state-directory', rehearsal.stateDirectory, '--format', 'cbor')
    const object = await readFile(join(run.folder, 'attestation-object.cbor'))
    expect(Object.keys(decode(object).attStmt)).toEqual(['x5c'])
    await expectRead('attestation-object.cbor')
  })

  it.each([
    ['step', 'without a key authorization', [], 'acme.key-authorization'],
    ['acme', 'over what is not a key authorization', ['--key-authorization', 'profile'], 'acme.key-authorization'],
  ])('%s %s is refused before a run begins', async (format, _how, more, code) => {
    const options = more.map((word) => (word === 'profile' ? rehearsal.profile : word))
    const end = await runInside(['attest', rehearsal.profile, '--format', format, ...options, '--json', '--no-input'])
    expect(end.code).toBe(2)
    expect(JSON.parse(end.stdout).error.code).toBe(code)
  })
})
