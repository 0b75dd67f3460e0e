import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loopbackTlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import { runProgram } from '../enrollment/built-program.ts'
import { startProgram } from '../enrollment/running-program.ts'

describe('listen', () => {
  const identity = loopbackTlsIdentity()
  let folder: string
  const file = (name: string): string => join(folder, name)
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'listen-'))
    await writeFile(file('key.pem'), identity.key)
    await writeFile(file('certificate.pem'), identity.certificate)
    await writeFile(file('text.pem'), 'no key at all')
    await writeFile(file('other.pem'), loopbackTlsIdentity().key)
  })
  afterAll(() => rm(folder, { recursive: true }))

  const tls = (key: string, certificate: string): readonly string[] => [
    ...['listen', '--port', '0', '--path', '/hook', '--source', '127.0.0.1', '--state-directory', file('state')],
    ...['--tls-key', file(key), '--tls-certificate', file(certificate)],
  ]

  it.each(['99999', '-1', '80abc', '1.5'])('refuses the port %s in words, as a mistake of the caller', async (port) => {
    const end = await runProgram(['listen', `--port=${port}`])
    expect(end.stderr).toContain('Invalid --port: it must be one whole number from 0 to 65535')
    expect(end.code).toBe(2)
  })

  it('answers over TLS with the key and the certificate that it was given', async () => {
    const listener = startProgram(tls('key.pem', 'certificate.pem'))
    try {
      const [, address = ''] = await listener.until(/Listening on (https:\S+);/)
      const status = await new Promise<number | undefined>((done, failed) => {
        const url = `${address}?orderNumber=1234567&status=issued&statusCode=6`
        get(url, { ca: identity.caCertificatePem }, (reply) => done(reply.resume().statusCode)).once('error', failed)
      })
      expect(status).toBe(200)
    } finally {
      await listener.stop()
    }
  })

  it.each([
    ['a private key in place of the certificate', 'key.pem', 'key.pem'],
    ['a file that is no key', 'text.pem', 'certificate.pem'],
    ['the key of another certificate', 'other.pem', 'certificate.pem'],
  ])('refuses %s in words', async (_what, key, certificate) => {
    const end = await runProgram(tls(key, certificate))
    expect(end.stderr).toMatch(/^error: Could not .+\nTry: /)
    expect(end.code).toBe(2)
  })
})
