import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { OctetMemory } from '../../asn1/octet-memory.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import type { ChainLink } from '../contract/attestation-result.ts'
import { isKept } from './certificate-chain.ts'

const links = new WeakMap<Certificate, ChainLink>()

/** How a certificate stands in a result's chain. */
export function chainLink(certificate: Certificate): ChainLink {
  const keep = isKept(certificate)
  const known = keep ? links.get(certificate) : undefined
  if (known !== undefined) return known
  const link: ChainLink = {
    subject: printedName(certificate.subject),
    issuer: printedName(certificate.issuer),
    notAfter: isoTime(certificate.notAfter),
    sha256: sha256Hex(certificate.der),
  }
  if (keep) links.set(certificate, link)
  return link
}

const names = new OctetMemory<string>(256, 512)
const printedName = (name: Uint8Array): string => names.get(name, 0, name.length, printName)

let lastTime: readonly [time: number, iso: string] = [0, new Date(0).toISOString()]

/** A batch has few different dates, one after the other the same. */
function isoTime(time: number): string {
  if (lastTime[0] !== time) lastTime = [time, new Date(time).toISOString()]
  return lastTime[1]
}
