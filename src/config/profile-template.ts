import { escapeValue } from '../asn1/name.ts'
import type { HsmType } from '../hsm-type.ts'

/** What a person has answered; an answer that is empty leaves its line in the profile as a comment. */
export interface ProfileAnswers {
  readonly hsmType: HsmType
  readonly uri: string
  /** YubiKey: the slots that keys take turns in. */
  readonly places: readonly string[]
  readonly organization: string
  readonly commonName: string
  readonly street: string
  readonly locality: string
  readonly state: string
  readonly postalCode: string
  readonly country: string
  readonly title: string
  readonly forename: string
  readonly surname: string
  readonly email: string
  readonly fips: boolean
}

/** Where each family's secrets come from: sources, never the secrets. */
// biome-ignore format: a table
const SECRETS: Readonly<Record<HsmType, readonly string[]>> = {
  YUBIKEY: ['pin: prompt', '# management-key: file:/etc/hsm-enroll/management-key'],
  YUBIHSM2: ['password: prompt'],
  LUNA: ['pin: prompt'],
  NSHIELD: ['pin: prompt'],
  FORTANIX: ['api-key: prompt'],
  MARVELL_GOOGLE: ['# none: GOOGLE_APPLICATION_CREDENTIALS or `gcloud auth application-default login`'],
}

/** A device URI to begin with, where none was found. */
// biome-ignore format: a table
export const EXAMPLE_URIS: Readonly<Record<HsmType, string>> = {
  YUBIKEY: 'yubikey:',
  YUBIHSM2: 'yubihsm2:connector=http://127.0.0.1:12345',
  LUNA: 'luna:token=Signing',
  NSHIELD: 'nshield:token=Signing',
  FORTANIX: 'fortanix:region=eu',
  MARVELL_GOOGLE: 'marvell-google:projects/PROJECT/locations/LOCATION/keyRings/RING',
}

/** A commented profile (YAML). Every answer is one quoted scalar, whatever it contains. */
export function profileTemplate(answers: ProfileAnswers): string {
  const { hsmType, uri, places, fips } = answers
  const [place] = places
  const secrets = SECRETS[hsmType]
  return `# A profile of hsm-enroll. It contains no secret: only where each comes from, as prompt, file:PATH, env:NAME,
# credential:NAME (systemd) or exec:COMMAND. \`hsm-enroll plan FILE\` says what is missing and sends nothing.

device:
  uri: ${scalar(uri)}
${place === undefined ? '' : `  slot: ${scalar(place)}                       # where the key goes; a slot that holds anything is refused\n`}  ${hsmType === 'MARVELL_GOOGLE' ? '# secrets:' : 'secrets:'}
${secrets.map((line) => `    ${line}\n`).join('')}
key:
  algorithm: ${hsmType === 'LUNA' ? 'P-384' : 'P-256'}                     # or P-384, RSA-3072, RSA-4096

policy:
  ${fips ? 'fips: refuse                         # only a device whose evidence shows that it is FIPS-certified' : 'fips: warn                           # a device without FIPS certification is accepted; ask the CA whether it is, too'}
  fipsUnknown: ${fips ? 'refuse' : 'warn'}

request:
${line('subject', subjectOf(answers))}
sectigo:                               # API access comes with a partner account
  loginName: prompt                    # or credential:login-name
  loginPassword: prompt

order:                                 # Sectigo's own parameter names
  product: 1214                        # a document-signing certificate whose key is in your own hardware
  days: 365
  isCustomerValidated: N               # Y if Sectigo has validated the organisation for this account already
${[
  line('organizationName', answers.organization),
  line('streetAddress1', answers.street),
  line('localityName', answers.locality),
  line('stateOrProvinceName', answers.state),
  line('postalCode', answers.postalCode),
  line('countryName', answers.country),
  '  # Who answers the callback and accepts the agreement:\n',
  line('appRepTitle', answers.title),
  line('appRepForename', answers.forename),
  line('appRepSurname', answers.surname),
  line('appRepEmailAddress', answers.email),
].join('')}
renewal:
  before: 30d                          # \`hsm-enroll renew\` begins then (docs/operating.md)
${places.length > 1 ? `  places: [${places.map(scalar).join(', ')}]                 # the slots that keys take turns in\n` : ''}`
}

/** JSON's strings are YAML's double-quoted scalars. */
const scalar = (text: string): string => JSON.stringify(text)

const line = (name: string, value: string): string =>
  value === '' ? `  # ${name}:\n` : `  ${name}: ${scalar(value)}\n`

/** RFC 4514; the CA takes the subject from the organisation and the address of the order. */
function subjectOf({ organization, commonName, locality, state, country }: ProfileAnswers): string {
  const parts = [
    ['CN', commonName === '' ? organization : commonName],
    ['O', organization],
    ['L', locality],
    ['ST', state],
    ['C', country],
  ] as const
  return parts.flatMap(([name, value]) => (value === '' ? [] : [`${name}=${escapeValue(value)}`])).join(',')
}
