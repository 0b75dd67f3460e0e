import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { STRICT, type TemplateTraits } from '../../devices/pkcs11/key-template.ts'
import { openToken } from '../../devices/pkcs11/open-token.ts'
import { CKA } from '../../devices/pkcs11/pkcs11-constants.ts'
import { Pkcs11Device } from '../../devices/pkcs11/pkcs11-device.ts'
import { closing, deviceFailure } from './hsm-double.ts'
import { issueCertificate } from './issue-certificate.ts'
import { openPlainToken, plainFamily } from './open-plain-token.ts'
import { SOFTHSM_PIN, softhsmAvailable } from './softhsm-token.ts'
import { addKeyByTool, bytes, spec, withPin, withSofthsm } from './with-softhsm.ts'

describe.runIf(softhsmAvailable())('keys on SoftHSM2', () => {
  const under = withSofthsm()

  it.each(['RSA-2048', 'RSA-3072', 'P-256', 'P-384'] as const)(
    'makes a %s key that cannot leave and signs with it',
    async (algorithm) => {
      const token = await under().open()
      const key = await token.generateKeyPair(spec(algorithm, `key ${algorithm}`))
      expect(key.attributes).toEqual({
        local: true,
        sensitive: true,
        alwaysSensitive: true,
        extractable: false,
        neverExtractable: true,
      })
      const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
      for (const hash of ['SHA-256', 'SHA-384', 'SHA-512'] as const) {
        const signature = await key.sign(hash, bytes('to be signed'))
        expect(verify(hash.replace('-', ''), bytes('to be signed'), publicKey, signature)).toBe(true)
      }
    },
  )

  it('finds a key again in another session, by what it was made with and by its location', async () => {
    const first = await under().open()
    const made = await first.generateKeyPair(spec('P-256', 'found again'))
    await first.close()
    const later = withPin()
    const second = await under().open(later)
    const byRun = await second.findKey({ label: 'found again', id: bytes('found again') })
    expect(byRun?.publicKey).toEqual(made.publicKey)
    expect((await second.findKey({ location: made.location }))?.publicKey).toEqual(made.publicKey)
    expect(await second.findKey({ label: 'never made' })).toBeUndefined()
    expect(later.asked).toEqual(['pin'])
  })

  it('finds the public half without asking for a PIN', async () => {
    await (await under().open()).generateKeyPair(spec('P-256', 'public'))
    await under().close()
    const later = withPin()
    expect(await (await under().open(later)).findKey({ label: 'public' })).toBeDefined()
    expect(later.asked).toEqual([])
  })

  it('finds the key that the device URI names by object and by a binary id', async () => {
    const id = Uint8Array.of(0xff, 0x00, 0x3b, 0x25, 0x80)
    const made = await (await under().open()).generateKeyPair({ algorithm: 'P-256', label: 'named in the URI', id })
    await under().close()
    const named = await under().open(
      withPin(),
      `pkcs11:token=Signing;id=%ff%00%3b%25%80;object=named%20in%20the%20URI?module-path=${under().module}`,
    )
    expect((await named.findKey({}))?.location).toBe(made.location)
  })

  it('never overwrites: a label or an id that is taken is refused before anything is made', async () => {
    const token = await under().open()
    const first = await token.generateKeyPair(spec('P-256', 'taken', 'id one'))
    for (const again of [spec('P-256', 'taken', 'id two'), spec('P-256', 'other label', 'id one')]) {
      const error = await deviceFailure(token.generateKeyPair(again))
      expect(error.code).toBe('key.exists')
      expect(error.remedy).toContain(first.location)
    }
    expect((await token.findKey({ label: 'taken' }))?.publicKey).toEqual(first.publicKey)
  })

  it('deletes only the key that is named, with its certificate, and leaves a namesake', async () => {
    const token = await under().open()
    const bystander = await token.generateKeyPair(spec('P-256', 'bystander'))
    const old = await token.generateKeyPair(spec('P-256', 'renewed', 'old'))
    await token.storeCertificate(old, issueCertificate(old.publicKey, 'old'))
    await token.deleteKey(old.location, old.publicKey)
    expect(await token.findKey({ location: old.location })).toBeUndefined()
    expect(await token.findKey({ label: 'bystander' })).toBeDefined()
    const listed = (await token.listKeys()).map(({ location }) => location)
    expect(listed).toContain(bystander.location)
    expect(listed).not.toContain(old.location)
    const fresh = await token.generateKeyPair(spec('P-256', 'renewed', 'old'))
    expect(await token.readCertificate(fresh), 'the certificate of the deleted key is gone').toBeUndefined()
    expect((await deviceFailure(token.deleteKey(fresh.location, bystander.publicKey))).code).toBe('key.not-found')
    expect(await token.findKey({ location: fresh.location })).toBeDefined()
  })

  it('deletes exactly one key: not several of one label, and none by a name that nothing has', async () => {
    addKeyByTool(under(), 'ambiguous')
    addKeyByTool(under(), 'ambiguous')
    const token = await under().open()
    expect((await deviceFailure(token.deleteKey('label=ambiguous;id='))).code).toBe('device.ambiguous')
    expect((await deviceFailure(token.deleteKey('label=nobody;id=01'))).code).toBe('key.not-found')
    expect((await token.listKeys()).filter(({ label }) => label === 'ambiguous')).toHaveLength(2)
    expect((await deviceFailure(token.findKey({ label: 'ambiguous' }))).code).toBe('device.ambiguous')
  })

  it('deletes a key without a CKA_ID and leaves a namesake that has one', async () => {
    addKeyByTool(under(), 'namesake')
    addKeyByTool(under(), 'namesake', '--id', 'aa')
    const token = await under().open()
    await token.deleteKey('label=namesake;id=')
    expect((await token.findKey({ label: 'namesake' }))?.location).toBe('label=namesake;id=aa')
  })

  it('makes keys that pkcs11-tool shows as local, sensitive, never extractable', async () => {
    const key = await (await under().open()).generateKeyPair(spec('RSA-2048', 'shown'))
    await under().close()
    const id = ['--id', Buffer.from('shown').toString('hex')]
    const login = ['--login', '--pin', SOFTHSM_PIN]
    const shown = under()
      .pkcs11Tool(...login, '--list-objects', '--type', 'privkey', ...id)
      .toString()
    expect(shown).toMatch(/Usage:\s+sign\n/)
    expect(shown).toMatch(/Access:\s+sensitive, always sensitive, never extractable, local/)
    const spki = under().pkcs11Tool('--read-object', '--type', 'pubkey', ...id)
    expect(Uint8Array.from(spki)).toEqual(key.publicKey)
  })

  it('removes a key that came out exportable, and says so', async () => {
    class Careless extends Pkcs11Device {
      protected override templateTraits(): TemplateTraits {
        return { ...STRICT, extractableAttribute: false, extraPrivate: [{ type: CKA.EXTRACTABLE, value: true }] }
      }
    }
    const careless = await openToken(
      plainFamily('LUNA'),
      under().uri,
      withPin().open,
      {},
      (opened) => new Careless(opened),
    )
    await closing(careless, async (token) => {
      expect((await deviceFailure(token.generateKeyPair(spec('P-256', 'careless')))).code).toBe('key.exportable')
      expect(await token.findKey({ label: 'careless' })).toBeUndefined()
    })
  })

  it('says that SoftHSM2 cannot attest, and shows it as a blocker', async () => {
    const token = await under().open()
    const key = await token.generateKeyPair(spec('P-256', 'unattested'))
    const error = await deviceFailure(key.attest())
    expect(error.code).toBe('key.not-attestable')
    expect(error.message).toContain('SoftHSM v2 is software')
    expect((await token.describe()).obstacles.map(({ code }) => code)).toContain('key.not-attestable')
  })

  it('describes the token and what it can make without a PIN', async () => {
    const given = withPin()
    const description = await (await under().open(given)).describe()
    expect(description).toMatchObject({ vendor: 'SoftHSM project', model: 'SoftHSM v2', fips: 'unknown' })
    expect(description.capabilities.every(({ supported }) => supported)).toBe(true)
    expect(given.asked).toEqual([])
    const again = await deviceFailure(openPlainToken(description.uri.replace('luna:', 'pkcs11:'), given.open, 'LUNA'))
    expect(again.code).toBe('device.busy')
  })

  it('stops waiting for a long generation when aborted, and finds the finished key afterwards', async () => {
    const abort = new AbortController()
    const given = withPin()
    const token = await under().open({
      ...given,
      open: {
        ...given.open,
        signal: abort.signal,
        onProgress: ({ kind }) => {
          // Fires while the key is made: the process is not held up by it.
          if (kind === 'generating') setTimeout(() => abort.abort(), 2)
        },
      },
    })
    const error = await deviceFailure(token.generateKeyPair(spec('RSA-4096', 'aborted')))
    expect(error.code).toBe('device.aborted')
    await token.close()
    const later = await vi.waitFor(() => under().open(), { timeout: 100_000, interval: 100 })
    expect(await later.findKey({ label: 'aborted' })).toBeDefined()
  })
})
