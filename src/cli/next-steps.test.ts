import { describe, expect, it } from 'vitest'
import { pasteable } from './next-steps.ts'

describe('a command in a message', () => {
  it.each([
    ['`hsm-enroll runs resume k7f3qa`', '`hsm-enroll runs resume k7f3qa --state-directory /srv/state`'],
    ['`hsm-enroll ledger rebuild`', '`hsm-enroll ledger rebuild --state-directory /srv/state --profile signing.yaml`'],
    // It has no option for the folder that it is told of.
    ['`hsm-enroll ledger import /old`', '`hsm-enroll ledger import /old --profile signing.yaml`'],
    [
      '`hsm-enroll certificate import k7f3qa FILE`',
      '`hsm-enroll certificate import k7f3qa FILE --state-directory /srv/state`',
    ],
    ['see `hsm-enroll doctor`', 'see `hsm-enroll doctor signing.yaml`'],
    ['`hsm-enroll keys list`, then', '`hsm-enroll keys list signing.yaml`, then'],
    ['`hsm-enroll balance`', '`hsm-enroll balance --profile signing.yaml`'],
    ['`hsm-enroll order status 7`', '`hsm-enroll order status 7 --profile signing.yaml`'],
    [
      '`hsm-enroll order refund 7 --again`',
      '`hsm-enroll order refund 7 --again --profile signing.yaml --state-directory /srv/state`',
    ],
    ['hsm-enroll runs resume k7f3qa', 'hsm-enroll runs resume k7f3qa'],
  ])('%s', (text, whole) => {
    const there = { stateDirectory: '/srv/state', profile: 'signing.yaml' }
    expect(pasteable(text, there)).toBe(whole)
    expect(pasteable(pasteable(text, there), there)).toBe(whole)
    expect(pasteable(text, {})).toBe(text)
  })

  it('is ready for a shell', () => {
    expect(pasteable('`hsm-enroll runs show a`', { stateDirectory: "/home/zoë/it's" })).toBe(
      "`hsm-enroll runs show a --state-directory '/home/zoë/it'\\''s'`",
    )
  })
})
