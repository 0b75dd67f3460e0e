/** What libykcs11 can do from which version on (its NEWS and sources, 2.2.0 to 2.7). */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

const YKCS11_ABILITIES = {
  /** Older modules show no attestation objects at all. */
  attestationObjects: { major: 2, minor: 0, patch: 0 },
  /** Older modules log in with a TDES management key only. */
  aesManagementKey: { major: 2, minor: 3, patch: 0 },
  /** Older modules refuse CKA_EXTRACTABLE in a template; the key cannot leave in either case. */
  extractableAttribute: { major: 2, minor: 3, patch: 0 },
  /** CKA_YUBICO_TOUCH_POLICY and CKA_YUBICO_PIN_POLICY. */
  policies: { major: 2, minor: 3, patch: 0 },
  rsa3072: { major: 2, minor: 5, patch: 0 },
} as const satisfies Readonly<Record<string, Version>>

export type Ykcs11Ability = keyof typeof YKCS11_ABILITIES

export const atLeast = (version: Version, wanted: Version): boolean =>
  version.major !== wanted.major
    ? version.major > wanted.major
    : version.minor !== wanted.minor
      ? version.minor > wanted.minor
      : version.patch >= wanted.patch

/** libraryVersion packs two numbers: minor * 10 + patch, as libykcs11 does for the firmware too. */
export function unpackVersion(packed: { readonly major: number; readonly minor: number }): Version {
  return { major: packed.major, minor: Math.floor(packed.minor / 10), patch: packed.minor % 10 }
}

export const printVersion = ({ major, minor, patch }: Version): string => `${major}.${minor}.${patch}`

export const canDo = (module: Version, ability: Ykcs11Ability): boolean => atLeast(module, YKCS11_ABILITIES[ability])

/** libykcs11 packs a firmware that is never 0; another vendor's module has nothing there. */
export const isUnknown = ({ major, minor, patch }: Version): boolean => major === 0 && minor === 0 && patch === 0
