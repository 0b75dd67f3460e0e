import { describe, expect, it } from 'vitest'
import { CKF } from './pkcs11-constants.ts'
import type { TokenDescription } from './token-description.ts'
import { tokenObstacles } from './token-obstacles.ts'

const token = (freeMemory: TokenDescription['freeMemory']): TokenDescription => ({
  ...{ slotId: 1, slotDescription: 'slot', label: 'signing', manufacturer: 'SafeNet', model: 'LunaSA 7.7.0' },
  ...{ serial: '1', minPinLength: 7, maxPinLength: 255, hardwareVersion: '0.0', firmware: { major: 7, minor: 7 } },
  flags: CKF.TOKEN_INITIALIZED | CKF.USER_PIN_INITIALIZED | CKF.LOGIN_REQUIRED,
  ...(freeMemory && { freeMemory }),
})

describe('the memory of a token', () => {
  it.each([
    ['no room for a key', { private: 0, public: 90_000 }, 'blocker', 'token.full', 'no memory left for a key'],
    ['no room for its certificate', { private: 90_000, public: 0 }, 'blocker', 'token.full', 'for its certificate'],
    ['little room', { private: 90_000, public: 1200 }, 'warning', 'token.memory-low', '1200 bytes'],
  ] as const)('%s is found before a key', (_what, free, severity, code, says) => {
    expect(tokenObstacles(token(free), 'Luna')).toEqual([
      expect.objectContaining({ severity, code, message: expect.stringContaining(says) }),
    ])
  })

  it.each([
    ['room enough', { private: 4096, public: 4096 }],
    ['a token that does not tell', {}],
    ['a token that tells nothing at all', undefined],
  ])('%s is no obstacle', (_what, free) => {
    expect(tokenObstacles(token(free), 'Luna')).toEqual([])
  })
})
