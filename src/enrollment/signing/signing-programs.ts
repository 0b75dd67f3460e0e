import { pkcs11KeyUri } from '../../../devices/device.ts'
import { shellWord } from '../../shell-word.ts'
import type { SigningKey } from './signing-key.ts'

/** How one program signs with a key: schemas/signing-config.schema.json. Commands are for a POSIX shell. */
export interface SigningConfig {
  /** Files to write first: name -> content. */
  readonly files: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
  /** In order. IN, OUT and PIN_FILE stand for the user's own files. */
  readonly commands: readonly string[]
  /** What goes wrong with this program and this device, a sentence each. */
  readonly pitfalls: readonly string[]
}

export const SIGNING_PROGRAMS = ['pyhanko', 'jsign', 'jarsigner', 'openssl', 'osslsigncode', 'acrobat', 'nss'] as const
export type SigningProgram = (typeof SIGNING_PROGRAMS)[number]

const COUNTER_NOTE = 'The key asks for the PIN before every signature (its PIN policy, fixed when it was generated)'
const ONE_PER_LOGIN = `${COUNTER_NOTE}: one call signs one file, and the second file of a call fails.`

/** SunPKCS11, which jsign and jarsigner use. One slot: the token must be the only one that the module shows, or slotListIndex corrected. */
const sunConfig = ({ access }: SigningKey): string =>
  [`name = hsm-enroll`, `library = ${access.module}`, 'slotListIndex = 0', ''].join('\n')

const javaPitfalls = ({ access, asksBeforeEach }: SigningKey): readonly string[] => [
  'slotListIndex counts the tokens that the module shows; correct it where there are several.',
  ...(access.showsCertificate
    ? []
    : ['Java finds a key by its certificate on the token; this module shows none that Java can use.']),
  ...(asksBeforeEach ? [ONE_PER_LOGIN] : []),
]

const alias = ({ access }: SigningKey): string => access.label ?? ''

const SETUP = 'hsm-enroll'

function pyhanko(key: SigningKey): SigningConfig {
  const { access, certificateFile, fullchainFile, asksBeforeEach } = key
  const criteria = [
    ...(access.serial === undefined ? [] : [`serial: "${Buffer.from(access.serial, 'latin1').toString('hex')}"`]),
    ...(access.serial === undefined && access.token !== undefined ? [`label: ${JSON.stringify(access.token)}`] : []),
  ]
  const lines = [
    'pkcs11-setups:',
    `  ${SETUP}:`,
    `    module-path: ${JSON.stringify(access.module)}`,
    ...(criteria.length === 0 ? [] : [`    token-criteria: { ${criteria.join(', ')} }`]),
    access.id === undefined
      ? `    key-label: ${JSON.stringify(access.label ?? '')}`
      : `    key-id: "${Buffer.from(access.id).toString('hex')}"`,
    `    signing-certificate: ${JSON.stringify(certificateFile)}`,
    `    other-certs: [${JSON.stringify(fullchainFile)}]`,
    ...(asksBeforeEach ? ['    signing-pin-mode: reauthenticate'] : []),
    '',
  ]
  return {
    files: { 'pyhanko.yml': lines.join('\n') },
    environment: {},
    commands: [
      `pyhanko --config pyhanko.yml sign addsig --field Signature1 pkcs11 --p11-setup ${SETUP} IN.pdf OUT.pdf`,
    ],
    pitfalls: [
      'pyHanko prompts for the PIN. Without a terminal, add user-pin to the setup and protect the file.',
      ...(asksBeforeEach
        ? [
            `${COUNTER_NOTE}: signing-pin-mode (pyHanko 0.38 has it) sends it again for each; a version without it signs one file per call.`,
          ]
        : []),
    ],
  }
}

const jsign = (key: SigningKey): SigningConfig => ({
  files: { 'sunpkcs11.cfg': sunConfig(key) },
  environment: {},
  commands: [
    `jsign --storetype PKCS11 --keystore sunpkcs11.cfg --storepass file:${shellWord(key.pinFile)} --alias ${shellWord(alias(key))} --certfile ${shellWord(key.fullchainFile)} --alg ${key.hash.replace('sha', 'SHA-')} IN`,
  ],
  pitfalls: [
    'jsign changes IN itself, and takes several files in one call.',
    '--certfile wants the certificate first: chain.pem of the run would be taken for the signer.',
    ...javaPitfalls(key),
  ],
})

const jarsigner = (key: SigningKey): SigningConfig => ({
  files: { 'sunpkcs11.cfg': sunConfig(key) },
  environment: {},
  commands: [
    `jarsigner -keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg sunpkcs11.cfg -storepass:file ${shellWord(key.pinFile)} -certchain ${shellWord(key.fullchainFile)} -signedjar OUT.jar IN.jar ${shellWord(alias(key))}`,
  ],
  pitfalls: [
    '-certchain is needed: by itself Java takes the chain from the token, and the jar does not verify where the issuers are not there.',
    'A jar needs the extended key usage codeSigning: `jarsigner -verify -strict` says so of a document-signing certificate.',
    ...javaPitfalls(key),
  ],
})

function openssl(key: SigningKey): SigningConfig {
  const { access, certificateFile, chainFile, pinFile, hash, asksBeforeEach } = key
  const uri = pkcs11KeyUri(access, 'private')
  const certificates = `-signer ${shellWord(certificateFile)}${chainFile === undefined ? '' : ` -certfile ${shellWord(chainFile)}`} -md ${hash}`
  const sign = 'openssl cms -sign -binary -in IN -outform DER -out OUT.p7s'
  const keyOption = `-inkey ${shellWord(`${uri}?pin-source=file:${pinFile}`)}`
  // The engine of libp11 sends a file of pin-source as it is: a line break at its end makes a wrong PIN, and a try is spent.
  const engineOptions = `-inkey ${shellWord(uri)} -passin ${shellWord(`file:${pinFile}`)}`
  return {
    files: asksBeforeEach ? { 'openssl.cnf': providerConfig(pinFile) } : {},
    environment: { PKCS11_PROVIDER_MODULE: access.module, PKCS11_MODULE_PATH: access.module, ...access.environment },
    commands: [
      asksBeforeEach
        ? `OPENSSL_CONF=openssl.cnf ${sign} ${certificates} ${keyOption}`
        : `${sign} ${certificates} -provider default -provider pkcs11 ${keyOption}`,
      `${sign} ${certificates} -engine pkcs11 -keyform engine ${engineOptions}`,
    ],
    pitfalls: [
      'The first command is for pkcs11-provider (OpenSSL 3; Debian 13 has it, Debian 12 does not), the second for the engine of libp11 (Debian: libengine-pkcs11-openssl).',
      'Verify with `openssl cms -verify -purpose any`: the default purpose is S/MIME, which a document-signing certificate is not for.',
      ...(asksBeforeEach
        ? [
            `${COUNTER_NOTE}: the engine asks for it at a terminal and fails without one. pkcs11-provider uses pin-source for the login alone; it takes the PIN of each signature from openssl.cnf.`,
          ]
        : []),
    ],
  }
}

/** pkcs11-provider 1.0 forgets a URI's PIN after the login, unless its configuration says where the PIN is (its man page, provider-pkcs11(7)). */
const providerConfig = (pinFile: string): string =>
  [
    'openssl_conf = hsm_enroll',
    '[hsm_enroll]',
    'providers = providers',
    '[providers]',
    'default = default_provider',
    'pkcs11 = pkcs11_provider',
    '[default_provider]',
    'activate = 1',
    '[pkcs11_provider]',
    'activate = 1',
    `pkcs11-module-token-pin = file:${pinFile}`,
    '',
  ].join('\n')

function osslsigncode(key: SigningKey): SigningConfig {
  const { access, fullchainFile, pinFile, hash, asksBeforeEach } = key
  return {
    files: {},
    environment: access.environment ?? {},
    commands: [
      `osslsigncode sign -pkcs11engine /usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so -pkcs11module ${shellWord(access.module)} -certs ${shellWord(fullchainFile)} -key ${shellWord(pkcs11KeyUri(access, 'private'))} -readpass ${shellWord(pinFile)} -h ${hash} -in IN -out OUT`,
    ],
    pitfalls: [
      'The engine is that of libp11 (Debian: libengine-pkcs11-openssl); correct its path on other processors.',
      ...(asksBeforeEach ? [`${COUNTER_NOTE}, and the engine fails without a terminal.`] : []),
    ],
  }
}

const acrobat = ({ access, fullchainFile, touch }: SigningKey): SigningConfig => ({
  files: {},
  environment: access.environment ?? {},
  commands: [],
  pitfalls: [
    `In Acrobat: Preferences, Signatures, Identities & Trusted Certificates, PKCS#11 Modules and Tokens, Attach Module: ${access.module}.`,
    `Log in to the token${access.token === undefined ? '' : ` "${access.token}"`}, then choose the certificate when you sign.`,
    `Import ${fullchainFile} under Trusted Certificates, so that the chain goes into the signature.`,
    'Windows and macOS list a YubiKey in the system as well: the certificate then appears twice, and either one signs.',
    ...(touch === undefined
      ? []
      : ['Acrobat does not say that the device waits for a touch: touch it when it blinks.']),
  ],
})

function nss(key: SigningKey): SigningConfig {
  const { access, pinFile, keyType, fullchainFile } = key
  const nickname = `${access.token ?? 'TOKEN'}:${alias(key)}`
  return {
    files: {},
    environment: access.environment ?? {},
    commands: [
      'mkdir -p nssdb',
      'certutil -N -d sql:nssdb --empty-password',
      `modutil -force -dbdir sql:nssdb -add hsm-enroll -libfile ${shellWord(access.module)}`,
      `pdfsig -nssdir sql:nssdb -nss-pwd "$(cat ${shellWord(pinFile)})" -add-signature -nick ${shellWord(nickname)} IN.pdf OUT.pdf`,
    ],
    pitfalls: [
      'pdfsig takes the PIN as an argument only: other users of the host can see it while it runs.',
      `Import the issuers of ${fullchainFile} with certutil -A, so that pdfsig puts them into the signature.`,
      ...(keyType === 'EC'
        ? [
            'pdfsig of poppler 22.12 signs twice and reserves room by the first signature: with an EC key it fails more often than not ("unable update signature"); try again, each time with the PIN and a touch, or use pyHanko.',
          ]
        : []),
      ...(access.showsCertificate
        ? []
        : ['NSS goes by the certificate on the token; this module shows none that NSS can use.']),
    ],
  }
}

const CONFIGS: Readonly<Record<SigningProgram, (key: SigningKey) => SigningConfig>> = {
  pyhanko,
  jsign,
  jarsigner,
  openssl,
  osslsigncode,
  acrobat,
  nss,
}

/** What to write and to run, from the key alone. */
export function signingConfig(program: SigningProgram, key: SigningKey): SigningConfig {
  const { files, environment, commands, pitfalls } = CONFIGS[program](key)
  const { access, touch } = key
  return {
    files,
    environment: { ...access.environment, ...environment },
    commands,
    pitfalls: [
      ...(access.isFound
        ? []
        : [
            `${access.module} was not looked for or is not on this host: install the vendor's module, or correct the path.`,
          ]),
      ...(access.pinForm === undefined ? [] : [`The PIN is ${access.pinForm}.`]),
      ...access.pitfalls,
      ...pitfalls,
      ...(touch === undefined
        ? []
        : [`Every signature waits for a touch (${touch === 'cached' ? 'one in 15 seconds' : 'each time'}).`]),
    ],
  }
}
