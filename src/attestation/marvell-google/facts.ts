import { printName } from '../../asn1/name.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { chainLink } from '../certificates/chain-link.ts'
import { commonNameOf } from '../certificates/common-name.ts'
import type { AttestedDevice, ChainLink, KeyClaims } from '../contract/attestation-result.ts'
import type { Writable } from '../contract/writable.ts'
import { ATTRIBUTE, KEY_TYPE } from './attributes.ts'
import type { MarvellChains } from './chains.ts'
import { keyIdOf } from './key.ts'
import { type MarvellObject, numberOf } from './statement.ts'

const FLAGS = {
  local: ATTRIBUTE.local,
  sensitive: ATTRIBUTE.sensitive,
  extractable: ATTRIBUTE.extractable,
  neverExtractable: ATTRIBUTE.neverExtractable,
  alwaysSensitive: ATTRIBUTE.alwaysSensitive,
} as const

/** What the statement says of the private (or the only) object. A flag that it does not carry is no claim, neither way. */
export function marvellClaims(object: MarvellObject, chains: MarvellChains | undefined): KeyClaims {
  const claims: Record<string, string | boolean> = {}
  for (const [name, attribute] of Object.entries(FLAGS)) {
    const value = numberOf(object, attribute)
    if (value === 0 || value === 1) claims[name] = value === 1
  }
  const texts: Readonly<Record<string, string | undefined>> = {
    key: secretKeyText(object),
    kcv: hexOf(object, ATTRIBUTE.kcv),
    ekcv: hexOf(object, ATTRIBUTE.ekcv),
    versionNameSha256: keyIdOf(object)?.versionNameSha256,
    partition: chains === undefined ? undefined : commonNameOf(chains.partition.subject),
    ownerTrustAnchor: chains?.owner.name,
  }
  for (const [name, text] of Object.entries(texts)) if (text !== undefined) claims[name] = text
  return claims
}

const hexOf = ({ attributes }: MarvellObject, attribute: number): string | undefined => {
  const value = attributes.get(attribute)
  return value === undefined || value.length > 32 ? undefined : Buffer.from(value).toString('hex')
}

/** `AES256`: a secret key has no public half for the verdict to name it by. */
function secretKeyText(object: MarvellObject): string | undefined {
  const octets = numberOf(object, ATTRIBUTE.valueLength)
  return numberOf(object, ATTRIBUTE.keyType) === KEY_TYPE.aes && octets !== undefined ? `AES${octets * 8}` : undefined
}

/** `HSM:5.3G1804-ICM000678, for FIPS mode`. */
export function marvellDevice(chains: MarvellChains | undefined): AttestedDevice {
  const name = chains === undefined ? undefined : commonNameOf(chains.card.subject)
  const serial = /^HSM:([^,:]+)/.exec(name ?? '')?.[1]
  const device: Writable<AttestedDevice> = {
    vendor: 'Marvell',
    model: 'LiquidSecurity (Google Cloud HSM)',
    fips: name?.includes('for FIPS mode') ? 'certified' : 'unknown',
  }
  if (serial !== undefined) device.serial = serial
  return device
}

/** The statement and the manufacturer's chain upwards, then the owner's two certificates of the same partition and card. */
export function marvellChain(unpacked: Uint8Array, chains: MarvellChains | undefined): readonly ChainLink[] {
  if (chains === undefined) return []
  const { partition, card, ownerPartition, ownerCard } = chains
  const statement: ChainLink = {
    subject: 'statement (CAVIUM_V2_COMPRESSED)',
    issuer: printName(partition.subject),
    sha256: sha256Hex(unpacked),
  }
  return [statement, ...[partition, card, ownerPartition, ownerCard].map((certificate) => chainLink(certificate))]
}
