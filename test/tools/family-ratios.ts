import { generateKeyPairSync } from 'node:crypto'
import { VERIFIERS } from '../../src/attestation/verifiers.ts'
import { HSM_TYPES, type HsmType } from '../../src/hsm-type.ts'
import { createFortanixEvidenceIssuer } from '../../src/sandbox/fortanix/evidence/issuer.ts'
import { createLunaEvidenceIssuer } from '../../src/sandbox/luna/evidence/issuer.ts'
import { createMarvellGoogleEvidenceIssuer } from '../../src/sandbox/marvell-google/evidence/issuer.ts'
import { createNshieldEvidenceIssuer } from '../../src/sandbox/nshield/evidence/issuer.ts'
import { testRsaPublicKey } from '../../src/sandbox/test-key-pair.ts'
import { createYubiHsm2EvidenceIssuer, yubiHsm2Package } from '../../src/sandbox/yubihsm2/evidence/issuer.ts'
import { createYubikeyEvidenceIssuer, yubikeyPackage } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'
import { bareSignatures } from './bare-signatures.ts'
import type { Specimen } from './corpus.ts'
import { cost } from './stopwatch.ts'

const now = Date.now()

/** One device: what it says of one more key. */
interface AttestingDevice {
  readonly trustAnchors: readonly TrustAnchor[]
  readonly attest: () => Pick<Specimen, 'package' | 'certChains'>
}

const newKey = (): Uint8Array =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' })

/** With keys as the published evidence of each family has them. */
const DEVICES: Readonly<Record<HsmType, () => AttestingDevice>> = {
  YUBIKEY: () => {
    const device = createYubikeyEvidenceIssuer({ serial: 1, firmware: '5.7.2', formFactor: 1 })
    const attest = (): Uint8Array => device.attest({ spki: newKey(), slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
    return { ...device, attest: () => ({ package: yubikeyPackage(attest(), device.f9Certificate) }) }
  },
  YUBIHSM2: () => {
    const device = createYubiHsm2EvidenceIssuer({ serial: 1, firmware: '2.4.1' })
    const object = { objectId: 1, origin: 1, domains: 1, capabilities: 1n << 7n, label: 'signing' }
    const attest = (): Uint8Array => device.attest({ spki: newKey(), ...object })
    return { ...device, attest: () => ({ package: yubiHsm2Package(attest(), device.deviceCertificate) }) }
  },
  LUNA: () => {
    const device = createLunaEvidenceIssuer({ serial: 1 })
    return { ...device, attest: () => ({ package: device.confirm({ spki: testRsaPublicKey(2048) }) }) }
  },
  NSHIELD: () => {
    const device = createNshieldEvidenceIssuer({ esn: '1A2B-0000-TEST', world: 'DSA-3072' })
    return { ...device, attest: () => ({ package: device.bundle({ spki: newKey() }) }) }
  },
  FORTANIX: () => {
    const device = createFortanixEvidenceIssuer()
    const kid = '5e0c9d2a-1b7f-4c33-9d66-00112233445f'
    return { ...device, attest: () => ({ package: device.attest({ spki: newKey(), kid }) }) }
  },
  MARVELL_GOOGLE: () => {
    const device = createMarvellGoogleEvidenceIssuer()
    const versionName = 'projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1'
    const attest = (): Pick<Specimen, 'package' | 'certChains'> => {
      const { content, certChainsPem } = device.attest({ spki: newKey(), versionName })
      return { package: content, certChains: certChainsPem }
    }
    return { ...device, attest }
  },
}

const KEYS = 250
const ROUNDS = 5
/** Judgements before the clock starts: a compiler that works as the program runs needs some thousands. */
const WARM_UP = 5000

/**
 * Keys of one device of each family, each judged once, over the bare signature verifications from such a key to the anchor: those that
 * are made for the first key of a device, when nothing is remembered, with their keys at hand.
 */
export function familyRatios(): readonly { readonly what: string; readonly ratio: number }[] {
  return HSM_TYPES.map((hsmType) => {
    const { trustAnchors, attest } = DEVICES[hsmType]()
    const specimens = (count: number): readonly Specimen[] =>
      Array.from({ length: count }, (_, index) => ({ name: `${index}`, hsmType, trustAnchors, ...attest() }))
    const judge = (specimen: Specimen): void => {
      if (!isGenuine(specimen)) throw new Error(`evidence of ${hsmType} was not genuine`)
    }
    const [first, ...others] = specimens(1 + KEYS)
    const { count, replay } = bareSignatures(() => first && judge(first))
    for (let done = 0; done < WARM_UP; done += KEYS) others.forEach(judge)
    const sets = Array.from({ length: ROUNDS }, () => specimens(KEYS))
    const ours = Math.min(...sets.map((set) => cost(1, () => set.forEach(judge), 1))) / KEYS
    return { what: `${hsmType}, ${count} signatures`, ratio: ours / cost(KEYS, replay, ROUNDS) }
  })
}

export const isGenuine = ({ hsmType, package: package_, certChains, trustAnchors }: Specimen): boolean =>
  VERIFIERS[hsmType].verify(package_, {
    trustAnchors,
    now,
    ...(certChains === undefined ? {} : { certChains }),
  }).genuine
