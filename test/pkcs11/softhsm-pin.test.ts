import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deviceFailure, recordedOptions } from './hsm-double.ts'
import { issueCertificate } from './issue-certificate.ts'
import { SOFTHSM_PIN, softhsmAvailable } from './softhsm-token.ts'
import { bytes, spec, withPin, withSofthsm } from './with-softhsm.ts'

describe.runIf(softhsmAvailable())('the PIN of a SoftHSM2 token', () => {
  const under = withSofthsm()

  it('sends a wrong PIN once and does not repeat it', async () => {
    const given = recordedOptions({ pin: '000000' })
    const token = await under().open(given)
    const error = await deviceFailure(token.generateKeyPair(spec('P-256', 'wrong pin')))
    expect(error).toMatchObject({ code: 'pin.wrong', vendorCode: 'CKR_PIN_INCORRECT' })
    expect(error.message).toContain('user PIN')
    expect(error.message).toContain('Signing')
    expect((await deviceFailure(token.generateKeyPair(spec('P-256', 'wrong pin')))).code).toBe('pin.wrong')
    expect(given.calls('C_Login')).toBe(1)
    expect(given.asked).toEqual(['pin'])
    await token.close()
    expect((await (await under().open()).describe()).obstacles.map(({ code }) => code)).toContain('pin.count-low')
  })

  it.each([
    ['too short', '481'],
    ['a one-time password', 'ccccccjlfvhdgnfbrhnfitbgvfdbufeglbgbgcbiedfb'],
    ['with a line break', '648219\n'],
    ['empty', ''],
  ])('refuses a PIN that is %s before it is sent', async (_what, pin) => {
    const given = recordedOptions({ pin })
    const error = await deviceFailure((await under().open(given)).generateKeyPair(spec('P-256', 'malformed')))
    expect(error.code).toBe('pin.malformed')
    // The serial number is random and may hold the PIN's digits.
    if (pin !== '') expect(error.message.replace(/\(serial \w+\)/, '')).not.toContain(pin)
    expect(given.calls('C_Login')).toBe(0)
  })

  it('comes from the file that pin-source names, without its line break and byte order mark', async () => {
    const file = join(under().environment.HSM_ENROLL_TEST_DEVICE_LOCKS ?? '', 'pin file')
    writeFileSync(file, `\ufeff${SOFTHSM_PIN}\n`)
    const given = recordedOptions({ pin: '000000' })
    const token = await under().open(given, `${under().uri}&pin-source=file:${encodeURIComponent(file)}`)
    await token.generateKeyPair(spec('P-256', 'by pin-source'))
    expect(given.asked).toEqual([])
    await token.close()
    writeFileSync(file, SOFTHSM_PIN.padEnd(2000, '0'))
    const tooLong = await under().open(withPin(), `${under().uri}&pin-source=file:${encodeURIComponent(file)}`)
    expect((await deviceFailure(tooLong.generateKeyPair(spec('P-256', 'too long')))).code).toBe('pin.missing')
    await tooLong.close()
    for (const source of ['|echo 1', 'relative', 'file:relative']) {
      const at = `${under().uri}&pin-source=${encodeURIComponent(source)}`
      expect((await deviceFailure(under().open(withPin(), at))).code).toBe('device.uri')
    }
  })

  it('says which secret is missing where none is configured', async () => {
    const error = await deviceFailure(
      (await under().open(recordedOptions({}))).generateKeyPair(spec('P-256', 'no pin')),
    )
    expect(error.code).toBe('pin.missing')
  })

  it('bounds the calls and logins of one enrolment and never shows the PIN', async () => {
    const given = withPin()
    const token = await under().open(given)
    const key = await token.generateKeyPair(spec('P-256', 'bounded'))
    await key.sign('SHA-256', bytes('request'))
    await token.storeCertificate(key, issueCertificate(key.publicKey, 'bounded'))
    await token.close()
    const total = given.trace.at(-1)
    expect(total?.call).toBe('PKCS#11')
    const [, calls = '', logins = ''] = /^(\d+) calls, (\d+) logins/.exec(total?.detail ?? '') ?? []
    expect(Number(logins)).toBe(1)
    expect(Number(calls)).toBeLessThanOrEqual(46)
    expect(given.calls('C_OpenSession')).toBe(1)
    expect(given.calls('C_CloseSession')).toBe(1)
    expect(given.asked).toEqual(['pin'])
    expect(JSON.stringify(given.trace)).not.toContain(SOFTHSM_PIN)
    expect(JSON.stringify(given.trace)).toContain('[redacted]')
  })
})
