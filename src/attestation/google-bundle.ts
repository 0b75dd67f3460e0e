/** The forms in which Google hands out a statement: the console's zip, and the JSON of a key version. */
import { readZipEntries, type ZipEntry, ZipError } from '../archive/zip-entries.ts'
import { EvidenceError } from './evidence-error.ts'

export interface GoogleEvidence {
  readonly package: Uint8Array
  readonly certChains?: Uint8Array
}

/** One `…-attestation.dat` and its chains (`…-combined-chain.pem`). Throws EvidenceError. */
export function readGoogleBundle(zip: Uint8Array): GoogleEvidence {
  const entries = entriesOf(zip)
  const statements = entries.filter(({ name }) => name.endsWith('.dat'))
  const [statement] = statements
  if (statement === undefined || statements.length > 1) {
    throw new EvidenceError(
      `Could not read the attestation bundle: it holds ${statements.length} ".dat" files, expected one.`,
      'Download the bundle from the key version in the Google Cloud console (Verify attestation).',
    )
  }
  const chains = entries.filter(({ name }) => /\.(pem|crt|cer)$/.test(name)).map(({ content }) => withLineEnd(content))
  return { package: statement.content, ...(chains.length === 0 ? {} : { certChains: Buffer.concat(chains) }) }
}

function entriesOf(zip: Uint8Array): readonly ZipEntry[] {
  try {
    return readZipEntries(zip)
  } catch (error) {
    if (!(error instanceof ZipError)) throw error
    throw new EvidenceError(error.message, 'Download the attestation bundle again.', error)
  }
}

const withLineEnd = (content: Uint8Array): Uint8Array =>
  content.at(-1) === 0x0a ? content : Buffer.concat([content, Buffer.from('\n')])

const CHAIN_NAMES = ['caviumCerts', 'googleCardCerts', 'googlePartitionCerts'] as const

/** CryptoKeyVersion, or its `attestation` alone, as the API and `gcloud … --format=json` print it. Undefined for any other JSON. */
export function readGoogleJson(value: unknown): GoogleEvidence | undefined {
  const attestation = member(value, 'attestation') ?? value
  const format = member(attestation, 'format')
  const content = member(attestation, 'content')
  if (typeof format !== 'string' || !format.startsWith('CAVIUM') || typeof content !== 'string') return undefined
  const chains = member(attestation, 'certChains')
  const pem = CHAIN_NAMES.flatMap((name) => {
    const certificates = member(chains, name)
    return Array.isArray(certificates) ? certificates.filter((text) => typeof text === 'string') : []
  })
  return {
    package: Buffer.from(content, 'base64'),
    ...(pem.length === 0 ? {} : { certChains: Buffer.from(pem.map((text) => `${text.trim()}\n`).join('')) }),
  }
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
