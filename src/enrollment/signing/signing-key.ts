import { join } from 'node:path'
import type { SigningAccess } from '../../../devices/device.ts'
import { parseCertificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { readPem } from '../../asn1/pem.ts'
import { readablePublicKey } from '../../asn1/public-key.ts'
import { signingAccessOf } from '../../config/open-configured-device.ts'
import { requestTemplate } from '../../config/profile.ts'
import { defaultRequestHash } from '../../csr/build-certification-request.ts'
import { EnrollError } from '../../errors.ts'
import type { HsmType } from '../../hsm-type.ts'
import type { Run } from '../run.ts'

/** The key and the certificate of a run, as programs that sign have to be told of them. */
export interface SigningKey {
  readonly run: string
  readonly hsmType: HsmType
  readonly access: SigningAccess
  readonly subject: string
  readonly keyType: 'RSA' | 'EC'
  /** `sha256`, `sha384`, `sha512`. */
  readonly hash: string
  readonly certificateFile: string
  readonly fullchainFile: string
  readonly chainFile: string | undefined
  /** Where the profile has its PIN in a file; else a name that stands for one. */
  readonly pinFile: string
  /** Does the device ask for the PIN before every signature? As its attestation says. */
  readonly asksBeforeEach: boolean
  /** Does it wait for a touch? */
  readonly touch: 'always' | 'cached' | undefined
}

/** Reads them from the run alone: no device is asked. Throws EnrollError `run.not-issued`, `run.artefact`. */
export async function readSigningKey(run: Run): Promise<SigningKey> {
  const { record, folder, configuration } = run
  if (record.certificate === undefined || record.keyLocation === undefined)
    throw new EnrollError('run.not-issued', `Could not configure a program: the run ${run.id} is ${record.state}.`, {
      remedy: 'Collect or import the certificate first.',
    })
  const [own] = readPem(Buffer.from(await folder.readArtefact(record.certificate)).toString('latin1'))
  if (own === undefined) throw new Error('the certificate artefact contains no PEM')
  const { spki, subject } = parseCertificate(own.der)
  const serial = record.deviceName?.split(' ').slice(1).join(' ')
  const { hsmType, access } = await signingAccessOf(configuration, record.keyLocation, serial)
  const { pinPolicy, touchPolicy } = await attestedPolicies(run)
  return {
    run: run.id,
    hsmType,
    access: { label: record.keyLabel, ...access },
    subject: printName(subject),
    keyType: readablePublicKey(spki)?.type === 'RSA' ? 'RSA' : 'EC',
    hash: (requestTemplate(configuration).hash ?? defaultRequestHash(spki)).replace('-', '').toLowerCase(),
    certificateFile: join(folder.path, record.certificate.file),
    fullchainFile: await fullchainOf(run),
    chainFile: record.chain === undefined ? undefined : join(folder.path, record.chain.file),
    pinFile: pinFileOf(configuration.text('device.secrets.pin')),
    asksBeforeEach: pinPolicy === 'always',
    touch: touchPolicy === 'always' || touchPolicy === 'cached' ? touchPolicy : undefined,
  }
}

/** A run from before there was such a file gets one. */
async function fullchainOf({ record, folder }: Run): Promise<string> {
  if (record.fullchain !== undefined) return join(folder.path, record.fullchain.file)
  const parts: Uint8Array[] = []
  for (const artefact of [record.certificate, record.chain])
    if (artefact !== undefined) parts.push(await folder.readArtefact(artefact))
  const { file } = await folder.writeArtefact('fullchain.pem', Buffer.concat(parts))
  return join(folder.path, file)
}

const pinFileOf = (source: string | undefined): string =>
  source?.startsWith('file:') === true ? source.slice('file:'.length) : 'PIN_FILE'

interface Policies {
  readonly pinPolicy?: unknown
  readonly touchPolicy?: unknown
}

/** What the verdict on the evidence says of the key; nothing where the run has none. */
async function attestedPolicies({ record, folder }: Run): Promise<Policies> {
  if (record.checkResult === undefined) return {}
  const verdict: unknown = JSON.parse(Buffer.from(await folder.readArtefact(record.checkResult)).toString('utf8'))
  return isObject(verdict) && isObject(verdict.claims) ? verdict.claims : {}
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
