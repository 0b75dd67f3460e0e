import { describe, expect, it } from 'vitest'
import { openDevice } from '../../devices/open.ts'
import { deviceFailure } from './hsm-double.ts'
import { openPlainToken } from './open-plain-token.ts'
import { softhsmAvailable } from './softhsm-token.ts'
import { withPin, withSofthsm } from './with-softhsm.ts'

describe.runIf(softhsmAvailable())('the choice of module and token', () => {
  const under = withSofthsm()

  it('lists what matches where two tokens do, and opens the one that is named', async () => {
    under().addToken('Twin')
    under().addToken('Twin')
    const error = await deviceFailure(under().open(withPin(), `pkcs11:token=Twin?module-path=${under().module}`))
    expect(error.code).toBe('device.ambiguous')
    const serials = [...error.message.matchAll(/serial ([0-9a-f]+)/g)].map(([, serial]) => serial)
    expect(serials).toHaveLength(2)
    const one = await under().open(withPin(), `pkcs11:serial=${serials[0]}?module-path=${under().module}`)
    expect((await one.describe()).serial).toBe(serials[0])
  })

  it('says what is there where nothing matches', async () => {
    const error = await deviceFailure(under().open(withPin(), `pkcs11:token=Absent?module-path=${under().module}`))
    expect(error.code).toBe('device.not-found')
    expect(error.message).toContain('Signing')
  })

  it('gives no PIN to a token of another vendor, where the URI names the family', async () => {
    const given = withPin()
    for (const scheme of ['luna', 'nshield', 'yubikey']) {
      const error = await deviceFailure(openDevice(`${scheme}:?module-path=${under().module}`, given.open))
      expect(error.code).toBe('device.not-found')
      expect(error.message).toContain('SoftHSM')
    }
    const trusted = await openDevice(under().uri, { ...given.open, hsmType: 'LUNA' })
    expect((await trusted.describe()).model).toBe('SoftHSM v2')
    await trusted.close()
    expect(given.asked).toEqual([])
  })

  it('refuses a misspelt attribute instead of widening the search', async () => {
    expect(
      (await deviceFailure(under().open(withPin(), `pkcs11:tokn=Signing?module-path=${under().module}`))).code,
    ).toBe('device.uri')
  })

  it('refuses an unknown setting', async () => {
    const given = withPin()
    const error = await deviceFailure(openPlainToken(under().uri, { ...given.open, settings: { modul: 'x' } }, 'LUNA'))
    expect(error.code).toBe('device.settings')
  })

  it('tells a file that is no module from one that is not there', async () => {
    expect((await deviceFailure(under().open(withPin(), 'pkcs11:?module-path=/etc/hostname'))).message).toContain(
      'Could not load',
    )
    expect((await deviceFailure(under().open(withPin(), 'pkcs11:?module-path=/nowhere/x.so'))).message).toContain(
      'no such file',
    )
  })
})
