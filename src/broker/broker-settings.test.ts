import { describe, expect, it } from 'vitest'
import { EnrollError } from '../errors.ts'
import { readBrokerSettings } from './broker-settings.ts'

const PIN = `sha256:${'1e'.repeat(32)}`
const HEAD = 'listen: "[::1]:8443"\ncertificate: broker.pem\nkey: file:broker.key\n'
const host = (more: string): string => `${HEAD}hosts:\n  - { name: web1, pins: ['${PIN}'], ${more} }\n`

describe('the broker’s file', () => {
  it('keeps what is written: serial numbers with their zeros, amounts as hundredths', () => {
    const settings = readBrokerSettings(
      `${HEAD}assumedPrice: 245.5\nlimits: { perMonth: 20 }\napproval: { above: 500, newHost: true }
hosts:
  - { name: web1, pins: [${PIN}], expect: { serials: [0015732500] }, limits: { amountPerMonth: 19.99 }, operators: [bob] }
people:
  - { name: alice, pins: ['sha256:${'2'.repeat(64)}'] }
`,
    )
    expect(settings).toMatchObject({
      host: '::1',
      port: 8443,
      assumedPrice: 24_550,
      approval: { above: 50_000, newHost: true, newSubject: false },
      hosts: [{ name: 'web1', limits: { perMonth: 20, amountPerMonth: 1999 }, operators: ['bob'] }],
      people: [{ name: 'alice', mayApprove: false }],
    })
    expect([...(settings.hosts[0]?.expect ?? [])]).toEqual([['expect.serials', ['0015732500']]])
  })

  it.each([
    ['a host without devices', host('expect: { slots: [9c] }'), 'anyDevice'],
    ['a setting that nobody knows', host('anyDevice: true, pin: 1'), 'broker.hosts[0].pin'],
    ['an expectation that nobody knows', host('expect: { serial: [1] }'), 'broker.hosts[0].expect.serial'],
    ['a pin that is none', host('anyDevice: true').replace(PIN, 'abc'), '64 hexadecimal digits'],
    ['three pins', host('anyDevice: true').replace(`'${PIN}'`, `'${PIN}','${PIN}','${PIN}'`), 'two while'],
    [
      'one pin for two',
      `${host('anyDevice: true')}people:\n  - { name: a, pins: ['${PIN}'] }\n`,
      `the pin ${PIN} appears twice`,
    ],
    [
      'one name for two',
      `${host('anyDevice: true')}people:\n  - { name: WEB1, pins: ['sha256:${'3'.repeat(64)}'] }\n`,
      'the name web1 appears twice',
    ],
    [
      'a key in place of its source',
      `${HEAD.replace('file:broker.key', 'secret')}hosts: []\n`,
      'broker.key: not a source',
    ],
    ['an address without a port', `${HEAD.replace(':8443', '')}hosts: []\n`, 'broker.listen'],
    ['a port that is none', `${HEAD.replace(':8443', ':99999')}hosts: []\n`, 'broker.listen: not a port'],
    ['no hosts', HEAD, '"hosts" is missing'],
    ['half of a file', `${HEAD}hosts: [`, 'file'],
  ])('with %s is refused at its place', (_what, text, place) => {
    const error = (() => {
      try {
        readBrokerSettings(text)
        return undefined
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(EnrollError)
    expect(error).toMatchObject({ code: 'broker.settings', message: expect.stringContaining(place) })
  })
})
