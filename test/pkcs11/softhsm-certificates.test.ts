import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { deviceFailure } from './hsm-double.ts'
import { issueCertificate } from './issue-certificate.ts'
import { softhsmAvailable } from './softhsm-token.ts'
import { addKeyByTool, spec, withSofthsm } from './with-softhsm.ts'

describe.runIf(softhsmAvailable())('certificates on SoftHSM2', () => {
  const under = withSofthsm()

  it('keeps the certificate beside the key, where pkcs11-tool and p11tool read it', async () => {
    const token = await under().open()
    const key = await token.generateKeyPair(spec('P-384', 'certified'))
    const certificate = issueCertificate(key.publicKey, 'first')
    await token.storeCertificate(key, certificate)
    await token.storeCertificate(key, certificate)
    expect(await token.readCertificate(key)).toEqual(certificate)
    const other = issueCertificate(key.publicKey, 'second')
    expect((await deviceFailure(token.storeCertificate(key, other))).code).toBe('certificate.exists')
    await token.storeCertificate(key, other, { replace: true })
    expect(await token.readCertificate(key)).toEqual(other)
    const foreign = issueCertificate((await token.generateKeyPair(spec('P-256', 'foreign'))).publicKey, 'x')
    expect((await deviceFailure(token.storeCertificate(key, foreign))).code).toBe('key.wrong-type')
    await token.close()
    const id = Buffer.from('certified').toString('hex')
    const read = under().pkcs11Tool('--read-object', '--type', 'cert', '--id', id)
    expect(Uint8Array.from(read)).toEqual(other)
    const listed = execFileSync('p11tool', ['--provider', under().module, '--list-all-certs', 'pkcs11:token=Signing'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString()
    expect(listed).toContain('Label: certified')
  })

  it('touches no certificate of another key where a key has no CKA_ID', async () => {
    addKeyByTool(under(), 'without id')
    const token = await under().open()
    const other = await token.generateKeyPair(spec('P-256', 'has an id'))
    const others = issueCertificate(other.publicKey, 'of another key')
    await token.storeCertificate(other, others)
    const key = await token.findKey({ label: 'without id' })
    if (key === undefined) throw new Error('not found')
    expect(await token.readCertificate(key)).toBeUndefined()
    const first = issueCertificate(key.publicKey, 'first')
    await token.storeCertificate(key, first)
    expect(await token.readCertificate(key)).toEqual(first)
    const second = issueCertificate(key.publicKey, 'second')
    expect((await deviceFailure(token.storeCertificate(key, second))).code).toBe('certificate.exists')
    await token.storeCertificate(key, second, { replace: true })
    expect(await token.readCertificate(key)).toEqual(second)
    expect(await token.readCertificate(other)).toEqual(others)
  })
})
