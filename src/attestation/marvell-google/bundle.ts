/** The forms in which Google hands out a statement: the console's zip, and the JSON of a key version. */
import { readZipEntries, type ZipEntry, ZipError } from '../../archive/zip-entries.ts'
import { jsonMember } from '../../json-member.ts'
import { EvidenceError } from '../contract/evidence-error.ts'
import { VERSION_1 } from './statement.ts'

export interface GoogleEvidence {
  readonly package: Uint8Array
  readonly certChains?: Uint8Array
}

/** One `…-attestation.dat` and its chains (`…-combined-chain.pem`). Throws EvidenceError. */
export function readGoogleBundle(zip: Uint8Array): GoogleEvidence {
  // macOS puts a shadow of every file into the archives that it makes.
  const entries = entriesOf(zip).filter(({ name }) => !name.startsWith('__MACOSX/'))
  const statements = entries.filter(({ name }) => /\.dat(\.gz)?$/i.test(name))
  const [statement] = statements
  if (statement === undefined || statements.length > 1) {
    throw new EvidenceError(
      `Could not read the attestation bundle: it contains ${statements.length} ".dat" files, expected one.`,
      'Download the bundle from the key version in the Google Cloud console (Verify attestation).',
    )
  }
  const chains = entries.filter(({ name }) => /\.(pem|crt|cer)$/i.test(name)).map(({ content }) => withLineEnd(content))
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

/**
 * CryptoKeyVersion, or its `attestation` alone, as the API and `gcloud … --format=json` print it. Undefined for any other JSON. Throws
 * EvidenceError for a version without an attestation, and for the format V1.
 */
export function readGoogleJson(value: unknown): GoogleEvidence | undefined {
  refuseWithout(value)
  const attestation = jsonMember(value, 'attestation') ?? value
  const format = jsonMember(attestation, 'format')
  const content = jsonMember(attestation, 'content')
  if (typeof format !== 'string' || !format.startsWith('CAVIUM') || typeof content !== 'string') return undefined
  if (format === 'CAVIUM_V1_COMPRESSED') {
    throw new EvidenceError(`Could not read the attestation: ${VERSION_1.what}`, VERSION_1.remedy)
  }
  const chains = jsonMember(attestation, 'certChains')
  const pem = CHAIN_NAMES.flatMap((name) => {
    const certificates = jsonMember(chains, name)
    return Array.isArray(certificates) ? certificates.filter((text) => typeof text === 'string') : []
  })
  return {
    package: Buffer.from(content, 'base64'),
    ...(pem.length === 0 ? {} : { certChains: Buffer.from(pem.map((text) => `${text.trim()}\n`).join('')) }),
  }
}

/** Only keys at protection level HSM have one: the commonest mistake with Cloud KMS. */
function refuseWithout(version: unknown): void {
  const level = jsonMember(version, 'protectionLevel')
  if (typeof level !== 'string' || jsonMember(version, 'attestation') !== undefined) return
  throw new EvidenceError(
    `Could not read the attestation: this key version has none; its protection level is ${level.slice(0, 40)}.`,
    'Create a new key at protection level HSM: the level of a key cannot be changed.',
  )
}
