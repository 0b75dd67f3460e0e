import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { sha256Hex } from '../sha256-hex.ts'
import type { BrokerHost, BrokerPerson, BrokerSettings } from './broker-settings.ts'

/** Who is at the other end of a connection. */
export type Caller =
  | { readonly kind: 'host'; readonly host: BrokerHost }
  | { readonly kind: 'person'; readonly person: BrokerPerson }

/** What a certificate is pinned by: its SubjectPublicKeyInfo, so that it may be renewed with the same key. */
export const pinOf = (certificate: X509Certificate): string =>
  sha256Hex(certificate.publicKey.export({ type: 'spki', format: 'der' }))

/** Why nobody is known at the other end; each follows "the client certificate ". */
export type Stranger = 'is missing' | 'is not pinned' | 'is not valid now'

/** By the fingerprint of the certificate: to take a key out of its certificate takes longer than all else here. Of strangers none is kept. */
const pins = new Map<string, string>()
const MOST_PINS = 1000

/**
 * Finds who holds the client certificate of a connection. TLS has proved that the other end has its key; who issued it does not
 * matter, since only the pin counts. `now`: milliseconds since 1970.
 */
export function callerOf(socket: TLSSocket, settings: BrokerSettings, now: number): Caller | Stranger {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return 'is missing'
  const { fingerprint256: print } = certificate
  const pin = pins.get(print) ?? pinOf(certificate)
  const host = settings.hosts.find(({ pins }) => pins.includes(pin))
  const person = settings.people.find(({ pins }) => pins.includes(pin))
  if (host === undefined && person === undefined) return 'is not pinned'
  if (pins.size < MOST_PINS) pins.set(print, pin)
  if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo)) return 'is not valid now'
  return host !== undefined
    ? { kind: 'host', host }
    : person !== undefined
      ? { kind: 'person', person }
      : 'is not pinned'
}
