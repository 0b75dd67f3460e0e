import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { KeyAlgorithm } from '../../../devices/device.ts'
import { writePem } from '../../asn1/pem.ts'
import { didYouMeanHint } from '../../did-you-mean.ts'
import { EnrollError } from '../../errors.ts'
import { makeDirectory } from '../../files/make-directory.ts'
import {
  type CertificateAuthorityOptions,
  type RunningCertificateAuthority,
  startCertificateAuthority,
} from '../certificate-authority/certificate-authority.ts'
import type { RunningDouble } from '../double.ts'
import { DOUBLES } from '../doubles.ts'
import { orClose } from '../or-close.ts'

/** A double, a rehearsal CA that trusts its test root, and a profile that joins the two: everything `enroll` needs. */
export interface Rehearsal {
  readonly double: RunningDouble
  readonly ca: RunningCertificateAuthority
  /** The profile, as a file that a person can read. */
  readonly profile: string
  readonly stateDirectory: string
  /** Environment for the process that enrols. */
  readonly environment: Readonly<Record<string, string>>
  close(): Promise<void>
}

export interface RehearsalOptions {
  /** Private folder; gets `profile.yaml`, the secrets' files, the trust anchors and the state. */
  readonly directory: string
  /** A double's name, or one that runs already. */
  readonly device: string | RunningDouble
  /** Of a double that is started by its name. */
  readonly firmware?: string
  readonly algorithm?: KeyAlgorithm
  /** What the profile's `request:` has beside the subject. */
  readonly request?: Readonly<Record<string, string | readonly string[]>>
  readonly authority?: Omit<CertificateAuthorityOptions, 'trustAnchors'>
}

export async function startRehearsal(options: RehearsalOptions): Promise<Rehearsal> {
  const { directory } = options
  await makeDirectory(join(directory, 'device'))
  const double =
    typeof options.device === 'string'
      ? await startNamedDouble(options.device, directory, options.firmware)
      : options.device
  return orClose(double, async () => {
    const ca = await startCertificateAuthority({
      ...options.authority,
      trustAnchors: double.trustAnchors,
      certChains: double.certChains,
    })
    return orClose(ca, () => joinBoth(double, ca, options))
  })
}

/** Writes the files that join a double and a CA. */
async function joinBoth(
  double: RunningDouble,
  ca: RunningCertificateAuthority,
  { directory, algorithm, request }: RehearsalOptions,
): Promise<Rehearsal> {
  const write = async (name: string, content: string): Promise<string> => {
    await writeFile(join(directory, name), content, { mode: 0o600 })
    return name
  }
  if (double.rootCertificates !== undefined)
    await write('device-root.pem', double.rootCertificates.map((der) => writePem('CERTIFICATE', der)).join(''))
  const stateDirectory = join(directory, 'state')
  const secrets: Record<string, string> = {}
  for (const [name, value] of Object.entries(double.secrets))
    secrets[name] = `file:${join(directory, await write(`secret-${name}`, value))}`
  const profile = {
    stateDirectory,
    trustAnchors: [await write('trust-anchors.json', JSON.stringify({ trustAnchors: double.trustAnchors }, null, 2))],
    device: {
      uri: double.uri,
      ...(double.uri.startsWith('pkcs11:') ? { hsmType: double.hsmType } : {}),
      ...double.settings,
      secrets,
    },
    key: { algorithm: algorithm ?? 'P-384' },
    request: {
      subject: 'CN=Example Signing GmbH,O=Example Signing GmbH,L=Utrecht,ST=Utrecht,C=NL',
      ...request,
    },
    // The doubles do not claim a certification that they do not have.
    policy: { fips: 'warn', fipsUnknown: 'warn', recoverable: 'warn' },
    sectigo: {
      endpoint: ca.url,
      caFile: await write('ca.pem', ca.caCertificatePem),
      loginName: `file:${join(directory, await write('secret-login-name', ca.login.loginName))}`,
      loginPassword: `file:${join(directory, await write('secret-login-password', ca.login.loginPassword))}`,
      pollSeconds: '1',
    },
    order: REHEARSAL_ORDER,
  }
  return {
    double,
    ca,
    profile: join(directory, await write('profile.yaml', stringify(profile))),
    stateDirectory,
    // Doubles of a family carry one serial number: two rehearsals on one host are two devices all the same.
    environment: { ...double.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: join(directory, 'device') },
    close: async () => {
      await ca.close()
      await double.close()
    },
  }
}

async function startNamedDouble(name: string, directory: string, firmware?: string): Promise<RunningDouble> {
  const entry = DOUBLES[name]
  if (entry === undefined) {
    throw new EnrollError(
      'sandbox.device',
      `Could not rehearse with "${name.slice(0, 40)}".${didYouMeanHint(name, Object.keys(DOUBLES))}`,
      {
        remedy: `Use one of ${Object.keys(DOUBLES).join(', ')}.`,
      },
    )
  }
  const { startDouble, FIRMWARE = [] } = await entry.load()
  if (firmware !== undefined && !FIRMWARE.includes(firmware)) {
    throw new EnrollError(
      'sandbox.device',
      `Could not rehearse with "${name}" of firmware "${firmware.slice(0, 40)}".${didYouMeanHint(firmware, FIRMWARE)}`,
      {
        remedy:
          FIRMWARE.length === 0
            ? 'Leave out --firmware: this double has only one.'
            : `Use one of ${FIRMWARE.join(', ')}.`,
      },
    )
  }
  return startDouble({ directory: join(directory, 'device'), ...(firmware === undefined ? {} : { firmware }) })
}

/** An order that the documents' tables accept. */
export const REHEARSAL_ORDER = {
  product: '1214',
  days: '365',
  SmartCardBased: 'N',
  isCustomerValidated: 'N',
  organizationName: 'Example Signing GmbH',
  streetAddress1: 'Oudegracht 1',
  localityName: 'Utrecht',
  stateOrProvinceName: 'Utrecht',
  countryName: 'NL',
  postalCode: '3511 AB',
  appRepTitle: 'Director',
  appRepForename: 'Zoë',
  appRepSurname: 'Example',
  appRepEmailAddress: 'zoe@signing.example',
  contactEmailAddress: 'zoe@signing.example',
}
