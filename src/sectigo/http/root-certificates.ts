import { existsSync, readFileSync } from 'node:fs'
import * as tls from 'node:tls'
import { readPem } from '../../asn1/pem.ts'
import { EnrollError } from '../../errors.ts'

/** Where Linux distributions and the BSDs keep the system's certificate bundle; the first that exists is read. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]
const MAX_CA_FILE = 4 << 20

const CERTIFICATE = /-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----[^-]+-----END \1-----/g

/**
 * What may vouch for the CA's server: the certificates of Node.js and of the system, and the user's own. Node 22.15 and
 * later reads the store of the platform; before it, the usual files are read. Most roots come from both, with other line ends, and
 * each is listed once: to read one takes longer than to compare all.
 */
export function rootCertificates(own: string | undefined): readonly string[] {
  const texts = [...tls.rootCertificates, ...systemCertificates(), ...(own === undefined ? [] : [own])]
  const blocks = texts.flatMap((text) => text.match(CERTIFICATE) ?? [])
  return [...new Map(blocks.map((block) => [block.replaceAll('\n', ''), block])).values()]
}

const contexts = new Map<string, tls.SecureContext>()

/** TLS settings with these roots. Reading some 200 certificates takes 0.1 s, so each set is read once. */
export function tlsContext(own: string | undefined): tls.SecureContext {
  const context =
    contexts.get(own ?? '') ?? tls.createSecureContext({ ca: [...rootCertificates(own)], minVersion: 'TLSv1.2' })
  if (contexts.size < 16) contexts.set(own ?? '', context)
  return context
}

function systemCertificates(): readonly string[] {
  const read: unknown = Reflect.get(tls, 'getCACertificates')
  if (typeof read === 'function') {
    const list: unknown[] = [read('system'), read('extra')].flat()
    return list.filter((pem) => typeof pem === 'string')
  }
  const extra = process.env.NODE_EXTRA_CA_CERTS
  const files = [SYSTEM_BUNDLES.find((file) => existsSync(file)), extra].filter((file) => file !== undefined)
  return files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'))
}

/** Reads a private CA file (PEM, one or more certificates). Throws EnrollError (exit 2). */
export function readCaFile(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new EnrollError('sectigo.ca-file', `Could not read the CA file ${path}.`, {
      remedy: 'Specify a readable PEM file.',
      cause,
    })
  }
  const blocks = text.length > MAX_CA_FILE ? [] : readPem(text)
  if (blocks.length === 0 || blocks.some((block) => block.label !== 'CERTIFICATE')) {
    throw new EnrollError('sectigo.ca-file', `Could not use the CA file ${path}: it contains more than certificates.`, {
      remedy: 'Specify a PEM file that contains only "CERTIFICATE" blocks.',
    })
  }
  return text
}
