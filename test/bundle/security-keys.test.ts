import { spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { exportJwk } from '../../devices/export-jwk.ts'
import { SSH_NAMESPACE, verifySshSignature } from '../../src/bundle/signatures/ssh-signature.ts'
import { sshString } from '../../src/bundle/signatures/ssh-wire.ts'
import { strangersInstalled } from './strangers-installed.ts'

const here = strangersInstalled()
const folder = mkdtempSync(join(tmpdir(), 'sk-'))
afterAll(() => rmSync(folder, { recursive: true }))
const STATEMENT = Buffer.from('a statement')
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
const strings = (...parts: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.concat(parts.map((part) => sshString(Buffer.from(part))))

/** The token's part, as PROTOCOL.u2f has it: what it signs, and what it says beside. */
interface Token {
  readonly type: string
  readonly key: Buffer
  readonly signature: (message: Buffer) => Buffer
}

function ed25519(): Token {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const type = 'sk-ssh-ed25519@openssh.com'
  const point = Buffer.from(exportJwk(publicKey).x ?? '', 'base64url')
  return { type, key: strings(type, point, 'ssh:'), signature: (message) => sign(null, message, privateKey) }
}

function ecdsa(): Token {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com'
  const { x = '', y = '' } = exportJwk(publicKey)
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  return { type, key: strings(type, 'nistp256', point, 'ssh:'), signature: (message) => numbersOf(message, privateKey) }
}

/** r and s as mpints. */
function numbersOf(message: Buffer, key: KeyObject): Buffer {
  const pair = sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })
  return strings(
    ...[pair.subarray(0, 32), pair.subarray(32)].map((number) => {
      const bytes = number.subarray(number.findIndex((byte) => byte !== 0))
      return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
    }),
  )
}

function signatureFile({ type, key, signature }: Token, flags: number): Buffer {
  const hashed = createHash('sha512').update(STATEMENT).digest()
  const signed = Buffer.concat([Buffer.from('SSHSIG'), strings(SSH_NAMESPACE, '', 'sha512', hashed)])
  const said = Buffer.concat([Buffer.of(flags), Buffer.of(0, 0, 0, 9)])
  const bytes = signature(Buffer.concat([sha256(Buffer.from('ssh:')), said, sha256(signed)]))
  const blob = Buffer.concat([
    Buffer.from('SSHSIG'),
    Buffer.of(0, 0, 0, 1),
    strings(key, SSH_NAMESPACE, '', 'sha512', Buffer.concat([strings(type, bytes), said])),
  ])
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? []
  return Buffer.from(`-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`)
}

function sshKeygenAccepts({ type, key }: Token, file: Buffer): boolean {
  writeFileSync(join(folder, 'allowed'), `w ${type} ${key.toString('base64')}\n`)
  writeFileSync(join(folder, 'sig'), file)
  const args = [
    '-Y',
    'verify',
    '-f',
    join(folder, 'allowed'),
    '-I',
    'w',
    '-n',
    SSH_NAMESPACE,
    '-s',
    join(folder, 'sig'),
  ]
  return spawnSync('ssh-keygen', args, { input: STATEMENT }).status === 0
}

describe.runIf(here)('a signature of an SSH security key', () => {
  it.each([
    ['Ed25519', ed25519],
    ['ECDSA', ecdsa],
  ] as const)('(%s) holds, as ssh-keygen says, if the token was touched', (_name, make) => {
    const token = make()
    const touched = signatureFile(token, 1)
    expect(sshKeygenAccepts(token, touched)).toBe(true)
    expect(verifySshSignature(touched, STATEMENT).publicKey).toBe(`${token.type} ${token.key.toString('base64')}`)
    expect(() => verifySshSignature(touched, Buffer.from('another'))).toThrow(/does not match/)
    expect(() => verifySshSignature(signatureFile(token, 0), STATEMENT)).toThrow(/nobody touched/)
  })
})
