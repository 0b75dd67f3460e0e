import { createPublicKey, createVerify, verify, X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportJwk } from '../../devices/export-jwk.ts'
import { createPivCard } from '../../src/sandbox/yubikey/card/create-piv-card.ts'
import { type PrivatePcscd, startPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import { INS } from '../../src/sandbox/yubikey/card/piv-applet.ts'
import { installed, LIBYKCS11, OPENSC } from './installed.ts'

const MANAGEMENT_KEY = '010203040506070801020304050607080102030405060708'

describe.runIf(installed('ykcs11', 'opensc', 'yubico-piv-tool', 'openssl'))('libykcs11, driven by pkcs11-tool', () => {
  const { card } = createPivCard({ attestationKeyType: 'P-256' })
  let pcscd: PrivatePcscd
  const folder = mkdtempSync(join(tmpdir(), 'piv-'))
  const file = (name: string): string => join(folder, name)

  beforeAll(async () => {
    pcscd = await startPcscd([card])
  })
  afterAll(async () => {
    await pcscd?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function pkcs11(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await pcscd.runInside('pkcs11-tool', ['--module', LIBYKCS11, ...args])
    expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' })
    return stdout + stderr
  }
  const officer = (): readonly string[] => ['--login', '--login-type', 'so', '--so-pin', MANAGEMENT_KEY]
  const user = (): readonly string[] => ['--login', '--pin', '123456']

  it('lists the card as the token of a YubiKey', async () => {
    const slots = await pkcs11('--list-slots')
    expect(slots).toContain(`token label        : YubiKey PIV #${card.serial}`)
    expect(slots).toContain('token model        : YubiKey YK5')
    expect(slots).toContain('firmware version   : 5.43')
  })

  it.each([
    { id: '1', slot: '9a', type: 'EC:secp256r1', mechanism: 'ECDSA-SHA256', hash: 'sha256' },
    { id: '2', slot: '9c', type: 'EC:secp384r1', mechanism: 'ECDSA-SHA384', hash: 'sha384' },
    { id: '3', slot: '9d', type: 'rsa:2048', mechanism: 'SHA256-RSA-PKCS', hash: 'sha256' },
  ] as const)(
    'generates $type in $slot, shows its attestation, and signs what the public key verifies',
    async (key) => {
      const { id, slot, type, mechanism, hash } = key
      await pkcs11(...officer(), '--keypairgen', '--id', id, '--key-type', type)
      const objects = await pkcs11('--list-objects', '--type', 'cert')
      expect(objects).toContain(`X.509 Certificate for PIV Attestation ${slot}`)
      await pcscd.runInside('yubico-piv-tool', ['-a', 'attest', '-s', slot, '-o', file('leaf.pem')])
      const publicKey = new X509Certificate(readFileSync(file('leaf.pem'))).publicKey

      // pkcs11-tool 0.23 cannot write a P-384 key out (`cannot create EVP_PKEY`), but prints the point.
      const { x, n } = exportJwk(publicKey)
      if (x !== undefined) {
        expect(await pkcs11('--list-objects', '--type', 'pubkey')).toContain(
          Buffer.from(x, 'base64url').toString('hex'),
        )
      } else {
        await pkcs11('--read-object', '--type', 'pubkey', '--id', id, '-o', file('pub.der'))
        const read = createPublicKey({ key: readFileSync(file('pub.der')), format: 'der', type: 'spki' })
        expect(exportJwk(read).n).toBe(n)
      }

      writeFileSync(file('document'), `signed in ${slot}`)
      const form = type.startsWith('EC') ? ['--signature-format', 'openssl'] : []
      await pkcs11(
        ...user(),
        '--sign',
        '--mechanism',
        mechanism,
        '--id',
        id,
        '-i',
        file('document'),
        '-o',
        file('sig'),
        ...form,
      )
      expect(verify(hash, readFileSync(file('document')), publicKey, readFileSync(file('sig')))).toBe(true)
      expect(
        createVerify(hash)
          .update('something else')
          .verify(publicKey, readFileSync(file('sig'))),
      ).toBe(false)
    },
  )

  /** In slot 9a; written to `cert.der`. */
  async function storeCertificate(): Promise<void> {
    const issue = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      file('k'),
      '-subj',
      '/CN=T',
      '-days',
      '9',
    ]
    await pcscd.runInside('openssl', [...issue, '-outform', 'DER', '-out', file('cert.der')])
    await pkcs11(...officer(), '--write-object', file('cert.der'), '--type', 'cert', '--id', '1')
  }

  it('stores a certificate with the key and reads the same octets back', async () => {
    await storeCertificate()
    await pcscd.runInside('yubico-piv-tool', ['-a', 'read-certificate', '-s', '9a', '-o', file('back.pem')])
    expect(new X509Certificate(readFileSync(file('back.pem'))).raw).toEqual(readFileSync(file('cert.der')))
  })

  it.runIf(existsSync(OPENSC))('shows OpenSC the same certificate: it asks for each piece by its length', async () => {
    await storeCertificate()
    const read = ['--read-object', '--type', 'cert', '--id', '01', '-o', file('opensc.der')]
    const { code, stderr } = await pcscd.runInside('pkcs11-tool', ['--module', OPENSC, ...read])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    expect(readFileSync(file('opensc.der'))).toEqual(readFileSync(file('cert.der')))
  })

  it('spends one try on a wrong PIN and tells when the last one is left', async () => {
    const wrong = await pcscd.runInside('pkcs11-tool', ['--module', LIBYKCS11, '--login', '--pin', '999999', '-O'])
    expect(wrong.stderr).toContain('CKR_PIN_INCORRECT')
    expect(card.state.pin.left).toBe(2)
    await pcscd.runInside('pkcs11-tool', ['--module', LIBYKCS11, '--login', '--pin', '999999', '-O'])
    expect(await pkcs11('--list-slots')).toMatch(/final user PIN try/)
    await pkcs11(...user(), '--list-objects')
    expect(card.state.pin.left).toBe(3)
  })

  it('does not get a TDES management key into a card whose key is AES', async () => {
    const before = card.state.managementKey
    card.state.managementKey = {
      ...before,
      algorithm: { id: 0x0a, keyOctets: 24, blockOctets: 16, cipher: 'aes-192-ecb' },
    }
    card.record.clear()
    const refused = await pcscd.runInside('pkcs11-tool', ['--module', LIBYKCS11, ...officer(), '-O'])
    card.state.managementKey = before
    expect(refused.code).not.toBe(0)
    expect(card.record.count(INS.generate)).toBe(0)
  })
})
