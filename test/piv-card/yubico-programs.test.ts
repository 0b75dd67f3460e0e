import { createPublicKey, verify as verifySignature, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CreatedPivCard, createPivCard } from '../../src/sandbox/yubikey/card/create-piv-card.ts'
import { type PrivatePcscd, startPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import { INS } from '../../src/sandbox/yubikey/card/piv-applet.ts'
import { installed } from './installed.ts'

const MANAGEMENT_KEY = '010203040506070801020304050607080102030405060708'
const SERIAL = 15732500

describe.runIf(installed('yubico-piv-tool', 'yubikey-manager', 'openssl'))('yubico-piv-tool and ykman', () => {
  let created: CreatedPivCard
  let pcscd: PrivatePcscd
  const folder = mkdtempSync(join(tmpdir(), 'piv-'))
  const file = (name: string): string => join(folder, name)

  beforeAll(async () => {
    created = createPivCard({ serial: SERIAL })
    pcscd = await startPcscd([created.card])
  })
  afterAll(async () => {
    await pcscd?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function run(program: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await pcscd.runInside(program, args)
    expect({ program, args, code, stderr: code === 0 ? '' : stderr }).toEqual({ program, args, code: 0, stderr: '' })
    return stdout + stderr
  }
  const tool = (...args: readonly string[]): Promise<string> => run('yubico-piv-tool', ...args)
  const ykman = (...args: readonly string[]): Promise<string> => run('ykman', 'piv', ...args)

  it('read version, serial number and tries left of an empty card', async () => {
    const status = await tool('-a', 'status')
    expect(status).toContain('Version:\t5.4.3')
    expect(status).toContain(`Serial Number:\t${SERIAL}`)
    expect(status).toContain('PIN tries left:\t3')
    const info = await ykman('info')
    expect(info).toMatch(/PIV version:\s+5\.4\.3/)
    expect(info).toMatch(/PIN tries remaining:\s+3\/3/)
    expect(info).toMatch(/Management key algorithm:\s+TDES/)
  })

  it.each([
    { slot: '9a', algorithm: 'ECCP256', success: 'Successful ECDSA verification.' },
    { slot: '9c', algorithm: 'RSA2048', success: 'Successful RSA verification.' },
    { slot: '9d', algorithm: 'ECCP384', success: 'Successful ECDSA verification.' },
  ])('generate $algorithm in $slot, attest it alike, certify it, and test the signature', async (key) => {
    const { slot, algorithm, success } = key
    await tool('-a', 'generate', '-s', slot, '-A', algorithm, `-k${MANAGEMENT_KEY}`, '-o', file('pub.pem'))
    const generated = createPublicKey(readFileSync(file('pub.pem')))
    await tool('-a', 'attest', '-s', slot, '-o', file('attestation.pem'))
    await tool('-a', 'read-certificate', '-s', 'f9', '-o', file('f9.pem'))
    const attestation = new X509Certificate(readFileSync(file('attestation.pem')))
    const f9 = new X509Certificate(readFileSync(file('f9.pem')))
    expect(attestation.publicKey.equals(generated)).toBe(true)
    expect(attestation.checkIssued(f9) && attestation.verify(f9.publicKey)).toBe(true)
    expect(Buffer.compare(f9.raw, Buffer.from(created.f9Certificate))).toBe(0)

    await ykman(
      'certificates',
      'generate',
      '-m',
      MANAGEMENT_KEY,
      '-P',
      '123456',
      '-s',
      'CN=Test',
      slot,
      file('pub.pem'),
    )
    await tool('-a', 'read-certificate', '-s', slot, '-o', file('cert.pem'))
    await run('openssl', 'verify', '-CAfile', file('cert.pem'), file('cert.pem'))
    expect(
      await tool('-a', 'verify-pin', '-P', '123456', '-a', 'test-signature', '-s', slot, '-i', file('cert.pem')),
    ).toContain(success)
  })

  it('show the same attestation and the same F9 certificate in ykman', async () => {
    await tool('-a', 'generate', '-s', '9a', '-A', 'ECCP256', `-k${MANAGEMENT_KEY}`, '-o', file('pub.pem'))
    await tool('-a', 'attest', '-s', '9a', '-o', file('attestation.pem'))
    const byTool = new X509Certificate(readFileSync(file('attestation.pem')))
    const byYkman = new X509Certificate(await ykman('keys', 'attest', '9a', '-'))
    expect(byYkman.publicKey.equals(byTool.publicKey)).toBe(true)
    expect(byYkman.subject).toBe(byTool.subject)
    const f9 = new X509Certificate(await ykman('certificates', 'export', 'f9', '-'))
    expect(Buffer.compare(f9.raw, Buffer.from(created.f9Certificate))).toBe(0)
  })

  it('decrypt and agree on secrets', async () => {
    for (const [slot, algorithm] of [
      ['82', 'RSA2048'],
      ['9d', 'ECCP384'],
    ] as const) {
      await tool('-a', 'generate', '-s', slot, '-A', algorithm, `-k${MANAGEMENT_KEY}`, '-o', file('pub.pem'))
      await ykman('certificates', 'generate', '-m', MANAGEMENT_KEY, '-P', '123456', '-s', 'CN=R', slot, file('pub.pem'))
    }
    await tool('-a', 'read-certificate', '-s', '82', '-o', file('rsa.pem'))
    expect(
      await tool('-a', 'verify-pin', '-P', '123456', '-a', 'test-decipher', '-s', '82', '-i', file('rsa.pem')),
    ).toContain('Successfully performed RSA decryption')
    await tool('-a', 'read-certificate', '-s', '9d', '-o', file('ec.pem'))
    expect(
      await tool('-a', 'verify-pin', '-P', '123456', '-a', 'test-decipher', '-s', '9d', '-i', file('ec.pem')),
    ).toContain('Successfully performed ECDH exchange')
  })

  it('sign a request that openssl verifies', async () => {
    await tool('-a', 'generate', '-s', '9c', '-A', 'ECCP256', `-k${MANAGEMENT_KEY}`, '-o', file('9c.pem'))
    await ykman('keys', 'export', '9c', file('9c.pem'))
    await ykman(
      'certificates',
      'request',
      '-P',
      '123456',
      '-s',
      'CN=Test,O=Example,C=NL',
      '9c',
      file('9c.pem'),
      file('request.pem'),
    )
    expect(await run('openssl', 'req', '-in', file('request.pem'), '-verify', '-noout', '-subject')).toMatch(
      /verify OK/i,
    )
  })

  /** A key that no card generated, and its certificate: `other.key`, `other.pem`. */
  async function makeOther(): Promise<void> {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('other.key')]
    await run('openssl', 'req', '-x509', ...key, '-out', file('other.pem'), '-subj', '/CN=Other', '-days', '10')
  }

  it('store a certificate and read the same octets back', async () => {
    await makeOther()
    await tool('-a', 'import-certificate', '-s', '83', `-k${MANAGEMENT_KEY}`, '-i', file('other.pem'))
    await tool('-a', 'read-certificate', '-s', '83', '-o', file('back.pem'))
    expect(new X509Certificate(readFileSync(file('back.pem'))).raw).toEqual(
      new X509Certificate(readFileSync(file('other.pem'))).raw,
    )
  })

  it('import a private key, which signs and is not attested', async () => {
    await makeOther()
    await tool('-a', 'import-key', '-s', '84', `-k${MANAGEMENT_KEY}`, '--pin-policy=never', '-i', file('other.key'))
    expect(await tool('-a', 'test-signature', '-s', '84', '-i', file('other.pem'))).toContain(
      'Successful ECDSA verification.',
    )
    expect((await pcscd.runInside('yubico-piv-tool', ['-a', 'attest', '-s', '84'])).code).not.toBe(0)
  })

  it('change PIN, PUK and management key, TDES to AES, and meet what they set', async () => {
    const other = 'A1A2A3A4A5A6A7A8B1B2B3B4B5B6B7B8C1C2C3C4C5C6C7C8'
    await tool('-a', 'set-mgm-key', `-k${MANAGEMENT_KEY}`, '-n', other)
    await ykman('access', 'change-management-key', '-m', other, '-a', 'AES256', '-n', `${'00'.repeat(31)}01`)
    expect(await ykman('info')).toContain('Management key algorithm: AES256')
    await ykman('access', 'change-management-key', '-m', `${'00'.repeat(31)}01`, '-a', 'TDES', '-n', MANAGEMENT_KEY)
    await tool('-a', 'change-pin', '-P', '123456', '-N', '654321')
    await tool('-a', 'change-puk', '-P', '12345678', '-N', '87654321')
    const wrong = await pcscd.runInside('yubico-piv-tool', ['-a', 'verify-pin', '-P', '123456'])
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('2 tries left') })
    await tool('-a', 'unblock-pin', '-P', '87654321', '-N', '123456')
    await tool('-a', 'verify-pin', '-P', '123456')
  })

  it('reset the card, and still find its attestation key', async () => {
    expect(await ykman('reset', '-f')).toMatch(/Success|Reset complete/)
    expect(await ykman('info')).not.toMatch(/Slot 9a/i)
    await tool('-a', 'generate', '-s', '9a', '-A', 'ECCP256', `-k${MANAGEMENT_KEY}`, '-o', file('pub.pem'))
    await tool('-a', 'attest', '-s', '9a', '-o', file('again.pem'))
    const f9 = new X509Certificate(Buffer.from(created.f9Certificate))
    expect(new X509Certificate(readFileSync(file('again.pem'))).verify(f9.publicKey)).toBe(true)
    expect(created.card.record.count(INS.reset)).toBe(1)
  })

  it("sign what openssl accepts, by the tool's own signing action", async () => {
    writeFileSync(file('document'), 'to be signed')
    await tool(
      '-a',
      'verify-pin',
      '-P',
      '123456',
      '-a',
      'generate',
      `-k${MANAGEMENT_KEY}`,
      '-s',
      '9e',
      '-A',
      'ECCP384',
      '-o',
      file('9e.pem'),
    )
    const signing = await pcscd.runInside('yubico-piv-tool', [
      '-a',
      'verify-pin',
      '-P',
      '123456',
      '--sign',
      '-s',
      '9e',
      '-A',
      'ECCP384',
      '-H',
      'SHA384',
      '-i',
      file('document'),
      '-o',
      file('signature'),
    ])
    expect(signing.code).toBe(0)
    expect(
      verifySignature(
        'sha384',
        readFileSync(file('document')),
        createPublicKey(readFileSync(file('9e.pem'))),
        readFileSync(file('signature')),
      ),
    ).toBe(true)
  })
})
