import { describe, expect, it } from 'vitest'
import { familyOf, loadFamily } from '../../../devices/open.ts'
import type { SigningKey } from './signing-key.ts'
import { SIGNING_PROGRAMS, signingConfig } from './signing-programs.ts'

async function keyAt(uri: string, location: string, more: Partial<SigningKey> = {}): Promise<SigningKey> {
  const hsmType = familyOf(uri)
  const access = (await loadFamily(hsmType)).signingAccess(uri, {}, location, '15732500')
  if (access === undefined) throw new Error('no such place')
  return {
    run: 'r',
    hsmType,
    access,
    subject: 'CN=Example',
    keyType: 'EC',
    hash: 'sha384',
    certificateFile: '/runs/r/certificate.pem',
    fullchainFile: '/runs/r/fullchain.pem',
    chainFile: '/runs/r/chain.pem',
    pinFile: 'PIN_FILE',
    asksBeforeEach: false,
    touch: undefined,
    ...more,
  }
}

const text = (config: object): string => JSON.stringify(config)

describe('what a program is told of a key', () => {
  it.each(SIGNING_PROGRAMS)('%s: the module, the whole chain, and never a PIN', async (program) => {
    const config = signingConfig(program, await keyAt('yubikey:slot=9c', '9c'))
    expect(text(config)).toContain('ykcs11')
    expect(text(config)).toMatch(/fullchain\.pem|chain\.pem/)
    expect(text(config)).not.toMatch(/pin-value|user-pin: \d/)
  })

  it('a slot is named by CKA_ID and by the serial number that the run knows', async () => {
    const { commands } = signingConfig('openssl', await keyAt('yubikey:slot=82', '82'))
    expect(commands[0]).toContain('pkcs11:token=YubiKey%20PIV%20%2315732500;serial=15732500;id=%05;type=private')
    expect(commands[0]).toContain('?pin-source=file:PIN_FILE')
    expect(commands[1], 'OpenSSL takes off the line break that the engine would send').toMatch(
      /;type=private'? -passin file:PIN_FILE$/,
    )
  })

  it('a key that asks before each signature is said to, where that matters, and pyHanko logs in again', async () => {
    const key = await keyAt('yubikey:slot=9c', '9c', { asksBeforeEach: true })
    for (const program of ['jsign', 'jarsigner', 'openssl', 'osslsigncode'] as const)
      expect(text(signingConfig(program, key).pitfalls)).toContain('asks for the PIN before every signature')
    expect(signingConfig('pyhanko', key).files['pyhanko.yml']).toContain('signing-pin-mode: reauthenticate')
    expect(signingConfig('openssl', key).files['openssl.cnf']).toContain('pkcs11-module-token-pin = file:PIN_FILE')
    const once = await keyAt('yubikey:slot=9a', '9a')
    expect(text(signingConfig('jsign', once))).not.toContain('before every signature')
    expect(signingConfig('pyhanko', once).files['pyhanko.yml']).not.toContain('signing-pin-mode')
  })

  it.each([
    ['yubihsm2:connector=http://127.0.0.1:12345;auth-key=2', '0x1f2e', '0002PASSWORD', 'id=%1f%2e'],
    ['luna:token=Signing', 'label=hsm-enroll k;id=0a0b', 'libCryptoki2', 'pkcs11:token=Signing;id=%0a%0b;type=private'],
    ['nshield:token=Signing', 'label=hsm-enroll k;id=0a0b', 'cknfast', 'pkcs11:token=Signing;id=%0a%0b;type=private'],
    [
      'marvell-google:projects/p/locations/l/keyRings/r',
      'projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1',
      'KMS_PKCS11_CONFIG',
      'id=%70%72',
    ],
  ])('%s: its own module, PIN and id', async (uri, location, special, id) => {
    const config = signingConfig('openssl', await keyAt(uri, location))
    expect(text(config)).toContain(special)
    expect(config.commands[0]).toContain(id)
  })

  it('a path and a label with blanks and quotes are one word for the shell', async () => {
    const key = await keyAt('luna:token=Signing', "label=it's mine;id=01", { fullchainFile: '/runs/a b/fullchain.pem' })
    const [command = ''] = signingConfig('jsign', key).commands
    expect(command).toContain(`--alias 'it'\\''s mine'`)
    expect(command).toContain("--certfile '/runs/a b/fullchain.pem'")
  })
})
