import { describe, expect, it } from 'vitest'
import { PLAIN_PIN } from '../../src/sandbox/pkcs11-token/personalities/plain.ts'
import { installed, type Outcome, withToken } from './running-token.ts'

describe.runIf(installed('p11tool'))('GnuTLS p11tool on the plain token', () => {
  const under = withToken({ name: 'plain' })
  const url = 'pkcs11:token=Plain%20token;serial=1001'
  const tool = (...args: readonly string[]): Promise<Outcome> =>
    under().run('p11tool', ['--provider', under().module, '--batch', ...args])
  const loggedIn = (...args: readonly string[]): Promise<Outcome> => tool('--login', '--set-pin', PLAIN_PIN, ...args)

  it('lists the token', async () => {
    const { code, stdout } = await tool('--list-tokens')
    expect(code).toBe(0)
    expect(stdout).toContain('serial=1001')
    expect(stdout).toContain('Plain token')
  })

  it('makes a key pair, tests its signature and lists it', async () => {
    const made = await loggedIn('--generate-privkey', 'ECDSA', '--curve', 'secp256r1', '--label', 'by-gnutls', url)
    expect(made.code, made.stderr).toBe(0)
    expect(made.stdout).toContain('BEGIN PUBLIC KEY')
    const tested = await loggedIn('--test-sign', `${url};object=by-gnutls`)
    expect(tested.code, tested.stdout + tested.stderr).toBe(0)
    expect(tested.stdout + tested.stderr).toMatch(/Verifying against (public|private) key.*ok/i)
    const listed = await loggedIn('--list-privkeys', url)
    expect(listed.stdout).toContain('object=by-gnutls')
    expect(listed.stdout).toMatch(/CKA_NEVER_EXTRACTABLE|CKA_SENSITIVE/)
  })
})
