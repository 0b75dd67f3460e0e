import { HASH_NAMES, HSM_TYPES, KEY_ALGORITHMS } from '../../devices/device.ts'

/** How a value is written; every value is read as text first, so that a postal code keeps its zero. */
export type SettingType = 'text' | 'integer' | 'boolean' | 'list' | 'file' | 'files' | 'secret'

export interface Setting {
  /** Dotted place in the file; also the environment name: `sectigo.endpoint` is HSM_ENROLL_SECTIGO_ENDPOINT. */
  readonly path: string
  readonly type: SettingType
  readonly description: string
  readonly allowed?: readonly string[]
  readonly default?: string
  /** Of an integer. */
  readonly least?: number
  readonly most?: number
}

const policies = ['default', 'never', 'once', 'always'] as const
const touches = ['default', 'never', 'always', 'cached'] as const
const secretSetting = (name: string, description: string): Setting => ({
  path: `device.secrets.${name}`,
  type: 'secret',
  description,
})

const POLICY_SEVERITIES = {
  fips: 'how to treat evidence of a device without FIPS certification',
  fipsUnknown: 'how to treat evidence that does not mention FIPS',
  recoverable: 'nShield: how to treat a key that the Administrator Card Set can recover',
} as const

// biome-ignore format: a table
const EXPECTATIONS: readonly (readonly [name: string, type: SettingType, description: string])[] = [
  ['serials', 'list', 'devices with these serial numbers (YubiKey, YubiHSM 2, Luna HSM, card of Google)'],
  ['firmware', 'text', 'devices with this firmware: 5.7.4, 5.7.0-, -5.4.3 or 5.4.2-5.4.3'],
  ['slots', 'list', 'YubiKey: keys in these slots, e.g. 9c'],
  ['pinPolicies', 'list', 'YubiKey: keys with one of these PIN policies (never, once, always, …)'],
  ['touchPolicies', 'list', 'YubiKey: keys with one of these touch policies (never, always, cached)'],
  ['formFactors', 'list', 'YubiKey: these shapes, e.g. USB-C keychain, or 03'],
  ['esns', 'list', 'nShield: modules with these electronic serial numbers'],
  ['keyVersions', 'list', 'Google: these key versions, by resource name'],
]

/** Names below `expect.` */
export const EXPECTED: readonly string[] = EXPECTATIONS.map(([name]) => name)

/** Every setting that profiles and configuration files may hold, besides the family's own under `device.` and the order form's under `order.`. */
export const SETTINGS: readonly Setting[] = [
  { path: 'stateDirectory', type: 'file', description: 'folder of the run folders' },
  {
    path: 'trustAnchors',
    type: 'files',
    description: 'files with your own trust anchors (PEM certificates, PEM public keys, or JSON)',
  },
  {
    path: 'knowledgeKeys',
    type: 'list',
    description: 'minisign public keys whose signature makes an update of the tables count (`knowledge update`)',
  },
  {
    path: 'programEnvironment',
    type: 'list',
    description:
      'environment variables to pass to an exec: command, in addition to PATH, HOME and the like (VAULT_ADDR, AWS_PROFILE, …)',
  },

  {
    path: 'ledger.url',
    type: 'text',
    description:
      'the ledger in PostgreSQL, which many hosts share: postgresql://HOST:PORT/DATABASE; the folder `ledger` of the state directory if it is not set',
  },
  { path: 'ledger.user', type: 'text', description: 'the login at the database of the ledger' },
  { path: 'ledger.password', type: 'secret', description: 'source of its password, if the database wants one' },
  {
    path: 'ledger.ca',
    type: 'file',
    description:
      'PEM certificates of which one must have issued that of the database; those of the system if it is not set',
  },
  {
    path: 'ledger.tls',
    type: 'text',
    description:
      'whether the database is reached over verified TLS; off is only for a socket or an address of this host',
    allowed: ['verify', 'off'],
    default: 'verify',
  },
  {
    path: 'ledger.clientCertificate',
    type: 'file',
    description: 'PEM certificate that the database knows this host by',
  },
  { path: 'ledger.clientKey', type: 'secret', description: 'source of the private key of that certificate' },

  {
    path: 'ca',
    type: 'text',
    description: 'the kind of CA: sectigo (if nothing is set), or an ACME server with the challenge device-attest-01',
    allowed: ['sectigo', 'acme'],
  },
  {
    path: 'acme.directory',
    type: 'text',
    description: 'ACME: address of the directory, e.g. https://ca.example/acme/devices/directory',
  },
  {
    path: 'acme.accountKey',
    type: 'secret',
    description: 'ACME: source of the P-256 private key of the account (PEM)',
  },
  {
    path: 'acme.externalAccountKeyId',
    type: 'text',
    description:
      'ACME: identifier that the CA gave for binding the account to one that it has (externalAccountBinding)',
  },
  {
    path: 'acme.externalAccountKey',
    type: 'secret',
    description: 'ACME: source of the MAC key that came with it (base64url)',
  },
  { path: 'acme.contact', type: 'list', description: 'ACME: contact of the account, mailto:name@example.com' },
  {
    path: 'acme.termsOfServiceAgreed',
    type: 'boolean',
    description: 'ACME: the terms that the directory refers to are agreed to',
  },
  {
    path: 'acme.intermediates',
    type: 'files',
    description:
      'ACME: files with certificates that lead from the attestation to the root and that the device does not carry',
  },
  {
    path: 'acme.caFile',
    type: 'file',
    description: 'ACME: PEM certificates to trust for the connection, in addition to the system ones',
  },
  { path: 'acme.proxy', type: 'text', description: 'ACME: HTTP proxy, e.g. http://proxy.example:3128' },

  { path: 'device.uri', type: 'text', description: 'the device, e.g. yubihsm2:connector=http://127.0.0.1:12345' },
  {
    path: 'device.hsmType',
    type: 'text',
    description: 'the family, if a pkcs11: URI does not determine it',
    allowed: HSM_TYPES,
  },
  secretSetting('pin', 'source of the user PIN'),
  secretSetting('so-pin', 'source of the security officer PIN'),
  secretSetting('management-key', 'source of the YubiKey management key'),
  secretSetting('password', 'source of the YubiHSM 2 authentication password'),
  secretSetting('authentication-key', 'source of the YubiHSM 2 asymmetric authentication key'),
  secretSetting('api-key', 'source of the DSM API key'),
  secretSetting('token', 'source of the access token'),
  secretSetting('client-certificate-key', 'source of the private key of the client certificate'),

  {
    path: 'key.algorithm',
    type: 'text',
    description: 'type of the key to generate',
    allowed: KEY_ALGORITHMS,
    default: 'P-256',
  },
  {
    path: 'key.replaceKey',
    type: 'text',
    description: 'existing key that may be overwritten, by the location `doctor` prints (for example 9c)',
  },
  { path: 'key.pinPolicy', type: 'text', description: 'PIN policy, if the device has one', allowed: policies },
  { path: 'key.touchPolicy', type: 'text', description: 'touch policy, if the device has one', allowed: touches },

  {
    path: 'install.chain',
    type: 'boolean',
    description:
      'Luna, nShield: also store the issuers of the certificate, for programs that take the chain from the device',
    default: 'false',
  },

  {
    path: 'renewal.before',
    type: 'text',
    description: 'how long before the end of its certificate a key is renewed: 30d, 6w',
    default: '30d',
  },
  {
    path: 'renewal.places',
    type: 'list',
    description: 'YubiKey: slots that keys take turns in, the one of the first key included, e.g. 9c, 82',
  },

  {
    path: 'hooks.on',
    type: 'list',
    description: 'events that hooks are told of; all if it is empty',
    allowed: ['issued', 'renewed', 'refused', 'unknown', 'expiring', 'touch-needed', 'approval-pending'],
  },
  {
    path: 'hooks.command',
    type: 'text',
    description: 'command that gets each event as JSON on its standard input; run without a shell',
  },
  {
    path: 'hooks.webhook',
    type: 'secret',
    description: 'source of an HTTPS address that each event is sent to as JSON',
  },
  {
    path: 'hooks.webhookSecret',
    type: 'secret',
    description: 'source of the secret that signs what is sent there (HMAC-SHA-256)',
  },
  { path: 'hooks.mailTo', type: 'list', description: 'addresses that get each event by mail' },
  {
    path: 'hooks.sendmail',
    type: 'text',
    description: 'the program that takes mail',
    default: '/usr/sbin/sendmail',
  },

  {
    path: 'request.subject',
    type: 'text',
    description: 'the subject in RFC 4514 form: CN=Example Ltd,O=Example Ltd,C=NL',
  },
  { path: 'request.subjectAltNames', type: 'list', description: 'email:…, dns:…, ip:… or uri:…' },
  { path: 'request.keyUsage', type: 'list', description: 'bit names of RFC 5280' },
  { path: 'request.extendedKeyUsage', type: 'list', description: 'dotted OIDs' },
  {
    path: 'request.attestation',
    type: 'list',
    description:
      'forms in which the request itself carries the attestation: bundle (id-aa-attestation), yubico (extensions of yubico-piv-tool)',
    allowed: ['bundle', 'yubico'],
  },
  {
    path: 'request.attestationType',
    type: 'text',
    description: 'dotted OID of the statement in id-aa-attestation; the CA says which one it reads',
  },
  { path: 'request.hash', type: 'text', description: 'hash of the request signature', allowed: HASH_NAMES },

  {
    path: 'policy.profile',
    type: 'text',
    description: 'rules to check against',
    allowed: ['document-signing', 'code-signing'],
    default: 'document-signing',
  },
  ...(['fips', 'fipsUnknown', 'recoverable'] as const).map(
    (rule): Setting => ({
      path: `policy.${rule}`,
      type: 'text',
      description: POLICY_SEVERITIES[rule],
      allowed: ['refuse', 'warn', 'off'],
    }),
  ),
  {
    path: 'policy.fipsStandard',
    type: 'text',
    description: 'the FIPS standard that the device must be validated under',
    allowed: ['any', '140-2', '140-3'],
  },
  {
    path: 'policy.fipsHistorical',
    type: 'text',
    description: 'what a device means whose FIPS certificate is on the historical list',
    allowed: ['refuse', 'warn', 'accept'],
  },
  {
    path: 'policy.inferences',
    type: 'text',
    description: 'knowledge of certifications that rests on a guess',
    allowed: ['use', 'ignore'],
  },
  {
    path: 'policy.advisories',
    type: 'list',
    description:
      'what a published weakness of the device means: refuse, warn or off, and for single ones eucleak=off; `knowledge list` has the ids',
  },
  {
    path: 'policy.fieldUpgradeWarrants',
    type: 'text',
    description: 'nShield: how to treat warrants issued by a field upgrade',
    allowed: ['warn', 'refuse'],
  },

  ...EXPECTATIONS.map(
    ([name, type, description]): Setting => ({ path: `expect.${name}`, type, description: `only: ${description}` }),
  ),

  {
    path: 'sectigo.endpoint',
    type: 'text',
    description: 'base address of the API',
    default: 'https://secure.trust-provider.com/products/',
  },
  { path: 'sectigo.collectEndpoint', type: 'text', description: 'address to collect issued certificates from' },
  { path: 'sectigo.loginName', type: 'secret', description: 'source of the account name' },
  { path: 'sectigo.loginPassword', type: 'secret', description: 'source of the account password' },
  {
    path: 'sectigo.caFile',
    type: 'file',
    description: 'PEM certificates to trust for the connection, in addition to the system ones',
  },
  { path: 'sectigo.proxy', type: 'text', description: 'HTTP proxy, e.g. http://proxy.example:3128' },
  {
    path: 'sectigo.pollSeconds',
    type: 'integer',
    description:
      'pause between two queries about one order; less than the three hours that the CA asks for is used only for a rehearsal on loopback',
    default: '10800',
    most: 2_592_000,
  },
  {
    path: 'sectigo.timeoutSeconds',
    type: 'integer',
    description: 'seconds to wait for an answer',
    default: '120',
    // An order whose answer is not waited for is an unknown order.
    least: 1,
    most: 3600,
  },
  {
    path: 'sectigo.foreignOrderNumber',
    type: 'boolean',
    description: 'send foreignOrderNumber and checkFONsUnique (only if the account accepts them)',
    default: 'false',
  },

  {
    path: 'broker.url',
    type: 'text',
    description:
      'address of the broker that orders for this host, which then has no login of the CA: https://broker.example:8443',
  },
  { path: 'broker.ca', type: 'file', description: 'PEM certificate that the broker’s certificate ends in' },
  {
    path: 'broker.clientCertificate',
    type: 'file',
    description: 'PEM certificate that the broker knows this host, or person, by',
  },
  { path: 'broker.clientKey', type: 'secret', description: 'source of the private key of it' },
  {
    path: 'broker.pollSeconds',
    type: 'integer',
    description: 'pause between two questions to the broker, and how long a call that fails is repeated',
    default: '60',
    least: 1,
    most: 86_400,
  },
]

/** Sections whose keys are somebody else's table: the family's settings, the order form's parameters. */
export const OPEN_SECTIONS = ['device', 'order'] as const

export const settingByPath: ReadonlyMap<string, Setting> = new Map(SETTINGS.map((setting) => [setting.path, setting]))

/** `sectigo.loginName` -> `HSM_ENROLL_SECTIGO_LOGIN_NAME`. */
export function environmentName(path: string): string {
  return `HSM_ENROLL_${path
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[.-]/g, '_')
    .toUpperCase()}`
}
