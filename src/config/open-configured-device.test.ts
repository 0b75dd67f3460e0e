import { describe, expect, it } from 'vitest'
import { loadConfiguration } from './configuration.ts'
import { adviceOnConfiguredKey } from './open-configured-device.ts'

const advice = async (uri: string, chain: string) => {
  const flags = { 'device.uri': uri, 'install.chain': chain }
  return await adviceOnConfiguredKey(
    await loadConfiguration({ cwd: '/nowhere', env: {}, flags, systemDirectory: '/nowhere' }),
  )
}

describe('install.chain', () => {
  it.each([
    ['yubikey:serial=1;slot=9c', 'PIV has no place for issuers'],
    ['yubihsm2:connector=http://127.0.0.1:12345', 'no subjects and issuers'],
    ['fortanix:endpoint=https://dsm.example', 'the certificate alone'],
    ['marvell-google:projects/p/locations/l/keyRings/r', 'keeps no certificates'],
  ])('is said to have no effect on %s before there is a key', async (uri, why) => {
    const of = async (chain: string) => (await advice(uri, chain)).filter(({ code }) => code === 'install.chain')
    expect(await of('true')).toMatchObject([{ severity: 'warning', message: expect.stringContaining(why) }])
    expect(await of('false')).toEqual([])
  })

  it.each(['luna:token=a', 'nshield:token=a'])('is taken on %s', async (uri) => {
    expect(await advice(uri, 'true')).toEqual([])
  })
})
