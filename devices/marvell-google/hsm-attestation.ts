import { X509Certificate } from 'node:crypto'
import { type Attestation, DeviceError } from '../device.ts'
import { type JsonFields, protocolError } from '../http/json-fields.ts'
import { awaitGeneration, type CryptoKeyVersion } from './crypto-key-version.ts'
import type { KmsClient } from './kms-client.ts'
import { parseVersionName } from './resource-name.ts'
import type { MarvellGoogleSettings, PackageForm } from './settings.ts'
import { writeZip } from './zip-archive.ts'

const FORMAT = 'CAVIUM_V2_COMPRESSED'
/** Members of certChains, in the order of the console's combined-chain.pem: manufacturer, then owner's partition and card. */
const CHAINS = ['caviumCerts', 'googlePartitionCerts', 'googleCardCerts'] as const
const MAX_CERTIFICATES = 20

/** Reads the version anew, once it is generated, and makes the package of its attestation. Throws DeviceError `key.not-attestable`. */
export async function attestVersion(
  client: KmsClient,
  name: string,
  { packageForm: form, generationWaitMs }: Pick<MarvellGoogleSettings, 'packageForm' | 'generationWaitMs'>,
): Promise<Attestation> {
  const version = await awaitGeneration(client, name, generationWaitMs)
  const attestation = version.attestation ?? notAttestable(version, 'Cloud KMS has no attestation for it')
  const format = attestation.text('format')
  if (format !== FORMAT) notAttestable(version, `its attestation has the format ${format.slice(0, 40)}, not ${FORMAT}`)
  const statement = attestation.bytes('content')
  const certChains = readChains(attestation.optionalObject('certChains'))
  const names = fileNames(name)
  const files = { [names.statement]: statement, ...(certChains && { [names.chain]: certChains }) }
  return {
    hsmType: 'MARVELL_GOOGLE',
    package: makePackage(form, statement, certChains, files),
    certChains,
    // In another form the package does not show the statement by itself.
    ...(form === 'statement' ? {} : { artefacts: { [names.statement]: statement } }),
  }
}

/**
 * What the CA is sent. No published text settles it: resellers' upload pages take one binary file. The statement alone is what
 * `gcloud … --attestation-file` writes; the zip is what the console downloads.
 */
function makePackage(
  form: PackageForm,
  statement: Uint8Array,
  certChains: Uint8Array | undefined,
  files: Readonly<Record<string, Uint8Array>>,
): Uint8Array {
  if (form === 'statement') return statement
  if (certChains === undefined) throw protocolError(`there are no certificate chains for the package form "${form}"`)
  return form === 'bundle-zip' ? writeZip(files) : new Uint8Array(Buffer.concat([statement, certChains]))
}

/** One PEM text, leaf first in each chain; undefined where the service sends none. */
function readChains(chains: JsonFields | undefined): Uint8Array | undefined {
  const pems = chains === undefined ? [] : CHAINS.flatMap((name) => chains.texts(name))
  if (pems.length === 0) return undefined
  if (pems.length > MAX_CERTIFICATES) throw protocolError(`the attestation comes with ${pems.length} certificates`)
  return Buffer.from(pems.map(normalisePem).join(''))
}

function normalisePem(pem: string): string {
  try {
    return new X509Certificate(pem).toString()
  } catch {
    throw protocolError('a certificate of the attestation cannot be read')
  }
}

/** As the console names them. */
function fileNames(name: string): { readonly statement: string; readonly chain: string } {
  const parts = name.split('/')
  const stem = `${parts[5]}-${parts[7]}-${parseVersionName(name)?.version}`
  return { statement: `${stem}-${FORMAT}-attestation.dat`, chain: `${stem}-combined-chain.pem` }
}

function notAttestable({ name, protectionLevel }: CryptoKeyVersion, why: string): never {
  throw new DeviceError('key.not-attestable', `The key version ${name} cannot be attested: ${why}.`, {
    remedy: `Protection level is ${protectionLevel}; only keys generated at level HSM have attestations. Generate a new key.`,
  })
}
