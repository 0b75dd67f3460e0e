import { describe, expect, it } from 'vitest'
import type { DeviceDescription } from '../../../devices/device.ts'
import { loadConfiguration } from '../../config/configuration.ts'
import type { HsmType } from '../../hsm-type.ts'
import { builtInKnowledge } from '../../knowledge/built-in-knowledge.ts'
import { describedDeviceFindings } from './known-findings.ts'

/** What stops an enrolment on a device that has described itself. */
async function blockers(hsmType: HsmType, fips: DeviceDescription['fips'], flags: Readonly<Record<string, string>>) {
  const configuration = await loadConfiguration({
    ...{ cwd: '/nowhere', env: {}, systemDirectory: '/nowhere' },
    flags: { 'key.algorithm': 'P-256', ...flags },
  })
  const described = { vendor: 'V', model: 'M', firmware: '1.0', uri: 'u', capabilities: [], obstacles: [] }
  const known = { day: '2026-11-29', knowledge: builtInKnowledge() }
  return describedDeviceFindings({ ...described, hsmType, fips }, configuration, known)
    .filter(({ severity }) => severity === 'blocker')
    .map(({ message }) => message)
}

const UNDECIDED = 'policy.fips is not set'

describe('a device of which nobody knows before a key whether it is FIPS-certified', () => {
  it.each<readonly [HsmType, undecided: boolean]>([
    ['YUBIKEY', true],
    ['YUBIHSM2', true],
    // The evidence of these says "certified" or nothing, and nothing is no reason to refuse by itself.
    ['LUNA', false],
    ['NSHIELD', false],
    ['FORTANIX', false],
    ['MARVELL_GOOGLE', false],
  ])('%s: is generated on where the profile says what becomes of the rest', async (hsmType, undecided) => {
    const found = await blockers(hsmType, 'unknown', {})
    expect(found.map((message) => message.startsWith(UNDECIDED))).toEqual(undecided ? [true] : [])
    for (const fips of ['refuse', 'warn', 'off'])
      expect(await blockers(hsmType, 'unknown', { 'policy.fips': fips })).toEqual([])
  })

  it.each<readonly [HsmType, refused: boolean]>([
    ['YUBIKEY', true],
    ['YUBIHSM2', true],
    ['LUNA', true],
    ['FORTANIX', true],
    // The warrant of the module, and the name of the card's certificate, say more than the device can.
    ['NSHIELD', false],
    ['MARVELL_GOOGLE', false],
  ])('%s: is refused by policy.fipsUnknown unless its evidence may say it', async (hsmType, refused) => {
    const flags = { 'policy.fips': 'refuse', 'policy.fipsUnknown': 'refuse' }
    expect(await blockers(hsmType, 'unknown', flags)).toHaveLength(refused ? 1 : 0)
  })
})
