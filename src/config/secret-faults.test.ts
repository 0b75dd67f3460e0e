import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Configuration } from './configuration.ts'
import { secretFaults } from './secret-faults.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secret-faults-'))
})
afterAll(() => rm(folder, { recursive: true }))

const configured = (values: Readonly<Record<string, string>>): Configuration =>
  new Configuration(
    new Map(Object.entries(values).map(([path, value]) => [path, { value, origin: 'test', layer: 'profile' }])),
  )
const messagesOf = async (
  values: Readonly<Record<string, string>>,
  reading: Parameters<typeof secretFaults>[1] = { env: {} },
): Promise<readonly string[]> => (await secretFaults(configured(values), reading)).map(({ message }) => message)

describe('secretFaults', () => {
  it('names each setting whose source gives nothing, and never what it gives', async () => {
    await writeFile(join(folder, 'good'), 'planted-secret\n')
    const values = {
      'device.secrets.pin': `file:${join(folder, 'good')}`,
      'device.secrets.management-key': 'env:NONE',
      'sectigo.loginName': 'env:SET',
      'sectigo.loginPassword': `file:${join(folder, 'none')}`,
    }
    const messages = await messagesOf(values, { env: { SET: 'planted-secret' } })
    expect(messages).toEqual([
      expect.stringContaining('device.secrets.management-key: the environment variable NONE is not set'),
      expect.stringContaining('sectigo.loginPassword: '),
    ])
    expect(messages.join()).not.toContain('planted-secret')
  })

  it('refuses what the family of the device could never take, by its form', async () => {
    await writeFile(join(folder, 'short'), '12345\n')
    await writeFile(join(folder, 'quoted'), '"123456"\n')
    const withPin = (uri: string, file: string) =>
      messagesOf({ 'device.uri': uri, 'device.secrets.pin': `file:${join(folder, file)}` })
    expect(await withPin('yubikey:serial=1', 'short')).toEqual([expect.stringContaining('has 5 bytes')])
    expect(await withPin('yubikey:serial=1', 'quoted')).toEqual([expect.stringContaining('quotation marks')])
    expect(await withPin('luna:token=a', 'short')).toEqual([])
    expect((await withPin('yubikey:serial=1', 'short')).join()).not.toContain('12345')
    expect(await messagesOf({ 'device.uri': `yubikey:serial=1?pin-source=file:${join(folder, 'short')}` })).toEqual([
      expect.stringContaining('has 5 bytes'),
    ])
  })

  it('looks at the device’s secrets alone', async () => {
    const both = configured({ 'device.secrets.pin': 'env:A', 'sectigo.loginName': 'env:B' })
    const [device, ...more] = await secretFaults(both, { env: {} }, 'device')
    expect([device?.message, more]).toEqual([expect.stringContaining('device.secrets.pin'), []])
  })

  it('asks nobody, runs nothing, and lets a prompt be where somebody can be asked', async () => {
    const asked: string[] = []
    const prompt = async (message: string): Promise<string> => {
      asked.push(message)
      return 'x'
    }
    const values = {
      'device.secrets.pin': 'prompt',
      'device.secrets.so-pin': 'exec:false',
      'sectigo.loginName': 'fd:9',
    }
    expect(await messagesOf(values, { env: {}, prompt })).toEqual([])
    expect(asked).toEqual([])
    expect(await messagesOf(values)).toEqual([expect.stringContaining('not interactive')])
  })

  it.runIf(process.platform !== 'win32')('does not drink a pipe, nor wait for it', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(await messagesOf({ 'device.secrets.pin': `file:${pipe}` })).toEqual([])
  })

  it.each(['/none', 'file:/none', 'file:///none', 'file://localhost/none'])(
    'looks at pin-source=%s',
    async (source) => {
      const messages = await messagesOf({ 'device.uri': `pkcs11:token=A?pin-source=${source}` })
      expect(messages).toEqual([expect.stringMatching(/device\.uri \(pin-source\): \/none: there is no such file/)])
    },
  )
})
