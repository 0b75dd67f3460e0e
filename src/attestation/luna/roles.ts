/** Thales's arc (Chrysalis-ITS, SafeNet). `.1.x` are the roles of certificates, `.2.x` facts about the module. */
const ARC = '1.3.6.1.4.1.12383'

export interface LunaRole {
  readonly name: string
  /** The one extended key usage that a certificate in this place has. */
  readonly usage: string
}

/** The confirmation's certificates by place, leaf first; the root may be left out of the file. */
export interface LunaForm {
  readonly name: string
  readonly keyType: 'RSA' | 'EC'
  readonly roles: readonly LunaRole[]
  readonly root: LunaRole
}

const CONFIRMATION: LunaRole = { name: 'public key confirmation', usage: `${ARC}.1.13` }

/** Source: Thales's validator (github.com/ThalesGroup/luna-pkc-validator, order of extended key usages) and its samples. */
export const LUNA_FORMS: readonly LunaForm[] = [
  {
    name: 'RSA (Chrysalis-ITS, pkctype 2)',
    keyType: 'RSA',
    roles: [
      CONFIRMATION,
      { name: 'device authentication', usage: `${ARC}.1.12` },
      { name: 'hardware origin', usage: `${ARC}.1.8` },
      { name: 'manufacturing integrity', usage: `${ARC}.1.7` },
    ],
    root: { name: 'Chrysalis-ITS root', usage: `${ARC}.1.1` },
  },
  {
    name: 'EC',
    keyType: 'EC',
    roles: [CONFIRMATION, { name: 'EC hardware origin', usage: `${ARC}.1.15` }],
    root: { name: 'SafeNet ECC root', usage: `${ARC}.1.14` },
  },
]

export const LUNA_OID = {
  /** Serial number of the HSM: 4 octets, little-endian, no inner DER. */
  serial: `${ARC}.2.1`,
  /** Firmware: 4 octets, little-endian; the upper half is the major version. */
  firmware: `${ARC}.2.3`,
} as const

/** Extensions whose meaning Thales does not publish: shown raw, decide nothing. */
export const LUNA_UNPUBLISHED: readonly string[] = [`${ARC}.2.4`, `${ARC}.2.5`, `${ARC}.2.6`, `${ARC}.2.7`]
