import { execFileSync } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type Device,
  DeviceError,
  type DeviceTrace,
  type KeyAlgorithm,
  type OpenOptions,
  Secret,
} from '../../devices/device.ts'
import { openDevice } from '../../devices/open.ts'
import { STRICT, type TemplateTraits } from '../../devices/pkcs11/key-template.ts'
import { openPkcs11Device, plainFamily } from '../../devices/pkcs11/open-pkcs11-device.ts'
import { openToken } from '../../devices/pkcs11/open-token.ts'
import { CKA } from '../../devices/pkcs11/pkcs11-constants.ts'
import { Pkcs11Device } from '../../devices/pkcs11/pkcs11-device.ts'
import { issueCertificate } from './issue-certificate.ts'
import { SOFTHSM_PIN, type SofthsmFolder, softhsmAvailable, softhsmFolder } from './softhsm-token.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const spec = (algorithm: KeyAlgorithm, label: string, id = label) => ({ algorithm, label, id: bytes(id) })

/** Options with a PIN; counts how often the PIN is asked for, and keeps the trace. */
function options(pin: string | undefined = SOFTHSM_PIN) {
  const trace: DeviceTrace[] = []
  const asked: string[] = []
  const open: OpenOptions = {
    secret: async ({ name }) => {
      asked.push(name)
      return pin === undefined ? undefined : Secret.fromText(pin)
    },
    onTrace: (line) => trace.push(line),
  }
  const calls = (name: string): number => trace.filter(({ call }) => call === name).length
  return { open, trace, asked, calls }
}

async function failure(promise: Promise<unknown>): Promise<DeviceError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof DeviceError)) throw new Error(`expected a DeviceError, got ${String(error)}`)
  return error
}

describe.runIf(softhsmAvailable())('the PKCS#11 room on SoftHSM2', () => {
  let softhsm: SofthsmFolder
  let uri: string
  let device: Device | undefined
  beforeAll(() => {
    softhsm = softhsmFolder()
    softhsm.addToken('Signing')
    uri = `pkcs11:token=Signing?module-path=${softhsm.module}`
  })
  afterEach(async () => {
    await device?.close()
    device = undefined
  })
  afterAll(() => softhsm.remove())
  const open = async (given = options(), at = uri) => {
    const opened = await openPkcs11Device(at, given.open, 'LUNA')
    device = opened
    return opened
  }

  it.each(['RSA-2048', 'RSA-3072', 'P-256', 'P-384'] as const)(
    'makes a %s key that cannot leave and signs with it',
    async (algorithm) => {
      const token = await open()
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
    const first = await open()
    const made = await first.generateKeyPair(spec('P-256', 'found again'))
    await first.close()
    const later = options()
    const second = await open(later)
    const byRun = await second.findKey({ label: 'found again', id: bytes('found again') })
    expect(byRun?.publicKey).toEqual(made.publicKey)
    expect((await second.findKey({ location: made.location }))?.publicKey).toEqual(made.publicKey)
    expect(await second.findKey({ label: 'never made' })).toBeUndefined()
    expect(later.asked).toEqual(['pin'])
  })

  it('finds the public half without asking for a PIN', async () => {
    await (await open()).generateKeyPair(spec('P-256', 'public'))
    await device?.close()
    const later = options()
    expect(await (await open(later)).findKey({ label: 'public' })).toBeDefined()
    expect(later.asked).toEqual([])
  })

  it('finds the key that the device URI names by object and by a binary id', async () => {
    const id = Uint8Array.of(0xff, 0x00, 0x3b, 0x25, 0x80)
    const made = await (await open()).generateKeyPair({ algorithm: 'P-256', label: 'named in the URI', id })
    await device?.close()
    const named = await open(
      options(),
      `pkcs11:token=Signing;id=%ff%00%3b%25%80;object=named%20in%20the%20URI?module-path=${softhsm.module}`,
    )
    expect((await named.findKey({}))?.location).toBe(made.location)
  })

  it('never overwrites: a label or an id that is taken is refused before anything is made', async () => {
    const token = await open()
    const first = await token.generateKeyPair(spec('P-256', 'taken', 'id one'))
    for (const again of [spec('P-256', 'taken', 'id two'), spec('P-256', 'other label', 'id one')]) {
      const error = await failure(token.generateKeyPair(again))
      expect(error.code).toBe('key.exists')
      expect(error.remedy).toContain(first.location)
    }
    expect((await token.findKey({ label: 'taken' }))?.publicKey).toEqual(first.publicKey)
  })

  it('replaces only the key that is named, after the new one is there', async () => {
    const token = await open()
    const bystander = await token.generateKeyPair(spec('P-256', 'bystander'))
    const old = await token.generateKeyPair(spec('P-256', 'renewed', 'old'))
    await token.storeCertificate(old, issueCertificate(old.publicKey, 'old'))
    const refused = await failure(
      token.generateKeyPair({ ...spec('P-256', 'renewed', 'new'), replaceKey: bystander.location }),
    )
    expect(refused.code).toBe('key.exists')
    const fresh = await token.generateKeyPair({ ...spec('P-256', 'renewed', 'new'), replaceKey: old.location })
    expect((await token.findKey({ label: 'renewed' }))?.publicKey).toEqual(fresh.publicKey)
    expect(await token.findKey({ location: old.location })).toBeUndefined()
    expect(await token.findKey({ label: 'bystander' })).toBeDefined()
  })

  it('keeps the certificate beside the key, where pkcs11-tool and p11tool read it', async () => {
    const token = await open()
    const key = await token.generateKeyPair(spec('P-384', 'certified'))
    const certificate = issueCertificate(key.publicKey, 'first')
    await token.storeCertificate(key, certificate)
    await token.storeCertificate(key, certificate)
    expect(await token.readCertificate(key)).toEqual(certificate)
    const other = issueCertificate(key.publicKey, 'second')
    expect((await failure(token.storeCertificate(key, other))).code).toBe('certificate.exists')
    await token.storeCertificate(key, other, { replace: true })
    expect(await token.readCertificate(key)).toEqual(other)
    const foreign = issueCertificate((await token.generateKeyPair(spec('P-256', 'foreign'))).publicKey, 'x')
    expect((await failure(token.storeCertificate(key, foreign))).code).toBe('key.wrong-type')
    await token.close()
    const id = Buffer.from('certified').toString('hex')
    const read = execFileSync(
      'pkcs11-tool',
      ['--module', softhsm.module, '--token-label', 'Signing', '--read-object', '--type', 'cert', '--id', id],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    expect(Uint8Array.from(read)).toEqual(other)
    const listed = execFileSync('p11tool', ['--provider', softhsm.module, '--list-all-certs', 'pkcs11:token=Signing'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString()
    expect(listed).toContain('Label: certified')
  })

  /** What other programs leave on tokens: a key pair that has a label and, unless one is given, no CKA_ID. */
  const addKeyByTool = (label: string, ...more: readonly string[]): void => {
    const login = ['--module', softhsm.module, '--token-label', 'Signing', '--login', '--pin', SOFTHSM_PIN]
    const key = ['--keypairgen', '--key-type', 'EC:prime256v1', '--label', label, ...more]
    execFileSync('pkcs11-tool', [...login, ...key], { stdio: 'pipe' })
  }

  it('touches no certificate of another key where a key has no CKA_ID', async () => {
    addKeyByTool('without id')
    const token = await open()
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
    expect((await failure(token.storeCertificate(key, second))).code).toBe('certificate.exists')
    await token.storeCertificate(key, second, { replace: true })
    expect(await token.readCertificate(key)).toEqual(second)
    expect(await token.readCertificate(other)).toEqual(others)
  })

  it('replaces exactly one key: not several of one label, and none by a name that nothing has', async () => {
    addKeyByTool('ambiguous')
    addKeyByTool('ambiguous')
    const token = await open()
    const replacing = (location: string) =>
      failure(token.generateKeyPair({ ...spec('P-256', 'replacement'), replaceKey: location }))
    expect((await replacing('label=ambiguous;id=')).code).toBe('device.ambiguous')
    expect((await replacing('label=nobody;id=01')).code).toBe('key.not-found')
    expect(await token.findKey({ label: 'replacement' })).toBeUndefined()
    expect((await failure(token.findKey({ label: 'ambiguous' }))).code).toBe('device.ambiguous')
  })

  it('replaces a key without a CKA_ID and leaves a namesake that has one', async () => {
    addKeyByTool('namesake')
    addKeyByTool('namesake', '--id', 'aa')
    const token = await open()
    await token.generateKeyPair({ ...spec('P-256', 'successor'), replaceKey: 'label=namesake;id=' })
    expect((await token.findKey({ label: 'namesake' }))?.location).toBe('label=namesake;id=aa')
  })

  it('makes keys that pkcs11-tool shows as local, sensitive, never extractable', async () => {
    const key = await (await open()).generateKeyPair(spec('RSA-2048', 'shown'))
    await device?.close()
    const shown = execFileSync(
      'pkcs11-tool',
      [
        '--module',
        softhsm.module,
        '--token-label',
        'Signing',
        '--login',
        '--pin',
        SOFTHSM_PIN,
        '--list-objects',
        '--type',
        'privkey',
        '--id',
        Buffer.from('shown').toString('hex'),
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    ).toString()
    expect(shown).toMatch(/Usage:\s+sign\n/)
    expect(shown).toMatch(/Access:\s+sensitive, always sensitive, never extractable, local/)
    const spki = execFileSync(
      'pkcs11-tool',
      [
        '--module',
        softhsm.module,
        '--token-label',
        'Signing',
        '--read-object',
        '--type',
        'pubkey',
        '--id',
        Buffer.from('shown').toString('hex'),
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    expect(Uint8Array.from(spki)).toEqual(key.publicKey)
  })

  it('removes a key that came out exportable, and says so', async () => {
    class Careless extends Pkcs11Device {
      protected override templateTraits(): TemplateTraits {
        return { ...STRICT, extractableAttribute: false, extraPrivate: [{ type: CKA.EXTRACTABLE, value: true }] }
      }
    }
    const token = await openToken(plainFamily('LUNA'), uri, options().open, {}, (opened) => new Careless(opened))
    device = token
    expect((await failure(token.generateKeyPair(spec('P-256', 'careless')))).code).toBe('key.exportable')
    expect(await token.findKey({ label: 'careless' })).toBeUndefined()
  })

  it('says that SoftHSM2 cannot attest, and shows it as a blocker', async () => {
    const token = await open()
    const key = await token.generateKeyPair(spec('P-256', 'unattested'))
    const error = await failure(key.attest())
    expect(error.code).toBe('key.not-attestable')
    expect(error.message).toContain('SoftHSM v2 is software')
    expect((await token.describe()).obstacles.map(({ code }) => code)).toContain('key.not-attestable')
  })

  it('describes the token and what it can make without a PIN', async () => {
    const given = options()
    const description = await (await open(given)).describe()
    expect(description).toMatchObject({ vendor: 'SoftHSM project', model: 'SoftHSM v2', fips: 'unknown' })
    expect(description.capabilities.every(({ supported }) => supported)).toBe(true)
    expect(given.asked).toEqual([])
    const again = await failure(openPkcs11Device(description.uri.replace('luna:', 'pkcs11:'), given.open, 'LUNA'))
    expect(again.code).toBe('device.busy')
  })

  it('bounds the calls and logins of one enrolment and never shows the PIN', async () => {
    const given = options()
    const token = await open(given)
    const key = await token.generateKeyPair(spec('P-256', 'bounded'))
    await key.sign('SHA-256', bytes('request'))
    await token.storeCertificate(key, issueCertificate(key.publicKey, 'bounded'))
    await token.close()
    const total = given.trace.at(-1)
    expect(total?.call).toBe('PKCS#11')
    const [, calls = '', logins = ''] = /^(\d+) calls, (\d+) logins/.exec(total?.detail ?? '') ?? []
    expect(Number(logins)).toBe(1)
    expect(Number(calls)).toBeLessThanOrEqual(40)
    expect(given.calls('C_OpenSession')).toBe(1)
    expect(given.calls('C_CloseSession')).toBe(1)
    expect(given.asked).toEqual(['pin'])
    expect(JSON.stringify(given.trace)).not.toContain(SOFTHSM_PIN)
    expect(JSON.stringify(given.trace)).toContain('[redacted]')
  })

  it('leaves no lock behind', async () => {
    await (await open()).close()
    expect(readdirSync(join(softhsm.environment.XDG_RUNTIME_DIR ?? '', 'hsm-enroll'))).toEqual([])
  })

  it('takes over the lock of a dead process', async () => {
    const folder = join(softhsm.environment.XDG_RUNTIME_DIR ?? '', 'hsm-enroll')
    await open()
    const [name = ''] = readdirSync(folder)
    await device?.close()
    const dead = execFileSync(process.execPath, ['-p', 'process.pid']).toString().trim()
    writeFileSync(join(folder, name), JSON.stringify({ pid: Number(dead), startTime: '1' }))
    await open()
    await device?.close()
    writeFileSync(join(folder, name), 'torn')
    await open()
  })

  it('refuses a device that a living process holds, and names the process', async () => {
    const folder = join(softhsm.environment.XDG_RUNTIME_DIR ?? '', 'hsm-enroll')
    await open()
    const [name = ''] = readdirSync(folder)
    await device?.close()
    writeFileSync(join(folder, name), JSON.stringify({ pid: process.ppid }))
    const error = await failure(open())
    expect(error.code).toBe('device.busy')
    expect(error.message).toContain(`process ${process.ppid}`)
    execFileSync('rm', [join(folder, name)])
  })

  it('says which folder it cannot lock in, and what to set', async () => {
    const before = process.env.XDG_RUNTIME_DIR
    try {
      for (const folder of ['/dev/null', '/dev/null/none']) {
        process.env.XDG_RUNTIME_DIR = folder
        const error = await failure(open())
        expect(error.message).toContain(folder)
        expect(error.remedy).toContain('XDG_RUNTIME_DIR')
      }
    } finally {
      process.env.XDG_RUNTIME_DIR = before
    }
    await open()
  })

  it('stops waiting for a long generation when aborted, and finds the finished key afterwards', async () => {
    const abort = new AbortController()
    const given = options()
    let ticksWhileGenerating = 0
    const token = await open({
      ...given,
      open: {
        ...given.open,
        signal: abort.signal,
        onProgress: ({ kind }) => {
          if (kind !== 'generating') return
          const timer = setInterval(() => {
            if (++ticksWhileGenerating < 5) return
            clearInterval(timer)
            abort.abort()
          }, 2)
        },
      },
    })
    const error = await failure(token.generateKeyPair(spec('RSA-4096', 'aborted')))
    expect(error.code).toBe('device.aborted')
    expect(ticksWhileGenerating).toBe(5)
    await token.close()
    const later = await vi.waitFor(() => open(), { timeout: 50_000, interval: 100 })
    expect(await later.findKey({ label: 'aborted' })).toBeDefined()
  }, 60_000)

  describe('PIN', () => {
    it('sends a wrong PIN once and does not repeat it', async () => {
      const given = options('000000')
      const token = await open(given)
      const error = await failure(token.generateKeyPair(spec('P-256', 'wrong pin')))
      expect(error).toMatchObject({ code: 'pin.wrong', vendorCode: 'CKR_PIN_INCORRECT' })
      expect(error.message).toContain('user PIN')
      expect(error.message).toContain('Signing')
      expect((await failure(token.generateKeyPair(spec('P-256', 'wrong pin')))).code).toBe('pin.wrong')
      expect(given.calls('C_Login')).toBe(1)
      expect(given.asked).toEqual(['pin'])
      await token.close()
      expect((await (await open()).describe()).obstacles.map(({ code }) => code)).toContain('pin.count-low')
    })

    it.each([
      ['too short', '481'],
      ['a one-time password', 'ccccccjlfvhdgnfbrhnfitbgvfdbufeglbgbgcbiedfb'],
      ['with a line break', '648219\n'],
      ['empty', ''],
    ])('refuses a PIN that is %s before it is sent', async (_what, pin) => {
      const given = options(pin)
      const error = await failure((await open(given)).generateKeyPair(spec('P-256', 'malformed')))
      expect(error.code).toBe('pin.malformed')
      // The serial number is random and may hold the PIN's digits.
      if (pin !== '') expect(error.message.replace(/\(serial \w+\)/, '')).not.toContain(pin)
      expect(given.calls('C_Login')).toBe(0)
    })

    it('comes from the file that pin-source names, without its line break', async () => {
      const file = join(softhsm.environment.XDG_RUNTIME_DIR ?? '', 'pin file')
      writeFileSync(file, `${SOFTHSM_PIN}\n`)
      const given = options('000000')
      const token = await open(given, `${uri}&pin-source=file:${encodeURIComponent(file)}`)
      await token.generateKeyPair(spec('P-256', 'by pin-source'))
      expect(given.asked).toEqual([])
      await token.close()
      writeFileSync(file, SOFTHSM_PIN.padEnd(2000, '0'))
      const tooLong = await open(options(), `${uri}&pin-source=file:${encodeURIComponent(file)}`)
      expect((await failure(tooLong.generateKeyPair(spec('P-256', 'too long')))).code).toBe('pin.missing')
      await tooLong.close()
      for (const source of ['|echo 1', 'relative', 'file:relative']) {
        const at = `${uri}&pin-source=${encodeURIComponent(source)}`
        expect((await failure(open(options(), at))).code).toBe('device.uri')
      }
    })

    it('says which secret is missing where none is configured', async () => {
      const error = await failure(
        (await open({ ...options(), open: { secret: async () => undefined } })).generateKeyPair(
          spec('P-256', 'no pin'),
        ),
      )
      expect(error.code).toBe('pin.missing')
    })
  })

  describe('choice of the token', () => {
    it('lists what matches where two tokens do, and opens the one that is named', async () => {
      softhsm.addToken('Twin')
      softhsm.addToken('Twin')
      const error = await failure(open(options(), `pkcs11:token=Twin?module-path=${softhsm.module}`))
      expect(error.code).toBe('device.ambiguous')
      const serials = [...error.message.matchAll(/serial ([0-9a-f]+)/g)].map(([, serial]) => serial)
      expect(serials).toHaveLength(2)
      const one = await open(options(), `pkcs11:serial=${serials[0]}?module-path=${softhsm.module}`)
      expect((await one.describe()).serial).toBe(serials[0])
    })

    it('says what is there where nothing matches', async () => {
      const error = await failure(open(options(), `pkcs11:token=Absent?module-path=${softhsm.module}`))
      expect(error.code).toBe('device.not-found')
      expect(error.message).toContain('Signing')
    })

    it('gives no PIN to a token of another vendor, where the URI names the family', async () => {
      const given = options()
      for (const scheme of ['luna', 'nshield', 'yubikey']) {
        const error = await failure(openDevice(`${scheme}:?module-path=${softhsm.module}`, given.open))
        expect(error.code).toBe('device.not-found')
        expect(error.message).toContain('SoftHSM')
      }
      const trusted = await openDevice(uri, { ...given.open, hsmType: 'LUNA' })
      expect((await trusted.describe()).model).toBe('SoftHSM v2')
      await trusted.close()
      expect(given.asked).toEqual([])
    })

    it('refuses a misspelt attribute instead of widening the search', async () => {
      expect((await failure(open(options(), `pkcs11:tokn=Signing?module-path=${softhsm.module}`))).code).toBe(
        'device.uri',
      )
    })

    it('refuses an unknown setting', async () => {
      const given = options()
      const error = await failure(openPkcs11Device(uri, { ...given.open, settings: { modul: 'x' } }, 'LUNA'))
      expect(error.code).toBe('device.settings')
    })

    it('tells a file that is no module from one that is not there', async () => {
      expect((await failure(open(options(), 'pkcs11:?module-path=/etc/hostname'))).message).toContain('Could not load')
      expect((await failure(open(options(), 'pkcs11:?module-path=/nowhere/x.so'))).message).toContain('no such file')
    })
  })
})
