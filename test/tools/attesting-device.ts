/** A YubiKey as a run sees one, in this process: its keys are generated here, its attestations are those of the card double's issuer. */
import { sign } from 'node:crypto'
import type { Device, DeviceKey, KeySpec } from '../../devices/device.ts'
import { type TestKeyType, testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { type YubikeyEvidenceIssuer, yubikeyPackage } from '../../src/sandbox/yubikey/evidence/issuer.ts'

const SLOT = '9c'

export function attestingDevice(issuer: YubikeyEvidenceIssuer): Device {
  let key: DeviceKey | undefined
  const { serial, firmware } = issuer.personality
  return {
    hsmType: 'YUBIKEY',
    describe: async () => ({
      ...{ hsmType: 'YUBIKEY', vendor: 'Yubico', model: 'YubiKey', firmware, fips: 'unknown' },
      ...(serial === undefined ? {} : { serial: String(serial) }),
      ...{ uri: `yubikey:serial=${serial};slot=${SLOT}`, capabilities: [], obstacles: [] },
    }),
    generateKeyPair: async ({ algorithm }: KeySpec) => {
      key = attestedKey(issuer, algorithm as TestKeyType)
      return key
    },
    findKey: async () => key,
    close: async () => undefined,
  }
}

/** A key in slot 9c that signs and attests. */
export function attestedKey(issuer: YubikeyEvidenceIssuer, type: TestKeyType): DeviceKey {
  const { spki, privateKey } = testKeyPair(type)
  const leaf = issuer.attest({ spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
  return {
    location: SLOT,
    publicKey: spki,
    sign: async (hash, data) => sign(hash.replace('-', ''), data, privateKey),
    attest: async () => ({ hsmType: 'YUBIKEY', package: yubikeyPackage(leaf, issuer.f9Certificate) }),
  }
}
