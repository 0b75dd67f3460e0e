import { expect, it } from 'vitest'
import { loadConfiguration } from '../config/configuration.ts'
import { configuredLedger } from './configured-ledger.ts'

const ledger = async (settings: Readonly<Record<string, string>>): Promise<unknown> =>
  configuredLedger(await loadConfiguration({ env: {}, flags: settings }), { env: {} })

it.each(['user', 'password', 'ca', 'clientCertificate', 'clientKey'])(
  'ledger.%s without ledger.url is an error, and not the ledger in the folder',
  async (name) => {
    await expect(ledger({ [`ledger.${name}`]: 'file:x' })).rejects.toMatchObject({
      code: 'config.missing',
      message: expect.stringContaining('ledger.url'),
    })
  },
)

it('nothing of a database, or an address that is empty, is the ledger in the folder', async () => {
  expect(await ledger({})).toBeUndefined()
  expect(await ledger({ 'ledger.url': '', 'ledger.user': 'web1' })).toBeUndefined()
})
