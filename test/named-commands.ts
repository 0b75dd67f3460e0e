/**
 * Every command of another program that the documentation, a remedy or a help text names: it must exist. `debian`: in the version of
 * Debian 12, where the test asks the program itself; else who said so. Facts of gcloud, Luna and nShield tools come from their vendors'
 * pages; they were not run here.
 */
export interface NamedCommand {
  readonly program: string
  /** The words that choose the command, or its `-a` action. */
  readonly command: string
  /** Where it is known from: a version whose `--help` was read, or a page. */
  readonly source: string
  /** The program of Debian 12 has it, too. */
  readonly debian?: true
}

const YKMAN = 'ykman 5.9.2 (PyPI yubikey-manager), --help'
const PIV_TOOL = 'yubico-piv-tool 2.2.0 (Debian 12), --help'
const HSM_SHELL = 'Yubico, yubihsm-shell reference (command line options)'
const GCLOUD = 'Google Cloud SDK reference'
const CMU = 'Thales, Luna HSM Client: CMU functions'
const NSHIELD = 'Entrust, nShield Security World: utilities'

// biome-ignore format: a table
export const NAMED_COMMANDS: readonly NamedCommand[] = [
  { program: 'ykman', command: 'config usb', source: YKMAN, debian: true },
  { program: 'ykman', command: 'piv access change-management-key', source: YKMAN, debian: true },
  { program: 'ykman', command: 'piv access change-pin', source: YKMAN, debian: true },
  { program: 'ykman', command: 'piv access unblock-pin', source: YKMAN, debian: true },
  { program: 'ykman', command: 'piv certificates export', source: YKMAN, debian: true },
  { program: 'ykman', command: 'piv certificates import', source: YKMAN, debian: true },
  { program: 'ykman', command: 'piv keys delete', source: YKMAN },
  { program: 'ykman', command: 'piv reset', source: YKMAN, debian: true },
  { program: 'yubico-piv-tool', command: 'attest', source: PIV_TOOL, debian: true },
  { program: 'yubico-piv-tool', command: 'read-certificate', source: PIV_TOOL, debian: true },
  { program: 'yubico-piv-tool', command: 'selfsign-certificate', source: PIV_TOOL, debian: true },
  { program: 'yubico-piv-tool', command: 'status', source: PIV_TOOL, debian: true },
  { program: 'yubico-piv-tool', command: 'verify-pin', source: PIV_TOOL, debian: true },
  { program: 'yubihsm-shell', command: 'get-device-pubkey', source: HSM_SHELL },
  { program: 'yubihsm-shell', command: 'get-opaque', source: HSM_SHELL },
  { program: 'yubihsm-shell', command: 'put-option', source: HSM_SHELL },
  { program: 'yubihsm-shell', command: 'sign-attestation-certificate', source: HSM_SHELL },
  { program: 'gcloud', command: 'auth application-default login', source: GCLOUD },
  { program: 'gcloud', command: 'auth application-default set-quota-project', source: GCLOUD },
  { program: 'gcloud', command: 'auth print-access-token', source: GCLOUD },
  { program: 'gcloud', command: 'billing projects link', source: GCLOUD },
  { program: 'gcloud', command: 'iam roles create', source: GCLOUD },
  { program: 'gcloud', command: 'iam workload-identity-pools create-cred-config', source: GCLOUD },
  { program: 'gcloud', command: 'kms keyrings add-iam-policy-binding', source: GCLOUD },
  { program: 'gcloud', command: 'kms keyrings create', source: GCLOUD },
  { program: 'gcloud', command: 'kms keys describe', source: GCLOUD },
  { program: 'gcloud', command: 'kms keys update', source: GCLOUD },
  { program: 'gcloud', command: 'kms keys versions describe', source: GCLOUD },
  { program: 'gcloud', command: 'kms keys versions get-certificate-chain', source: GCLOUD },
  { program: 'gcloud', command: 'kms keys versions get-public-key', source: GCLOUD },
  { program: 'gcloud', command: 'kms keys versions restore', source: GCLOUD },
  { program: 'gcloud', command: 'kms locations list', source: GCLOUD },
  { program: 'gcloud', command: 'services enable', source: GCLOUD },
  { program: 'cmu', command: 'getpkc', source: CMU },
  { program: 'cmu', command: 'requestcertificate', source: CMU },
  { program: 'vtl', command: 'verify', source: 'Thales, Luna HSM Client: VTL' },
  { program: 'nfkmattest', command: 'bundle', source: NSHIELD },
  { program: 'ppmk', command: '--new', source: NSHIELD },
]

/** A backtick before a sentence, as messages are quoted and template literals begin. */
const SENTENCE = /^(created|bundles) /

/** Programs whose command follows `-a`. */
const BY_ACTION: ReadonlySet<string> = new Set(['yubico-piv-tool', 'yubihsm-shell'])

/** The blocks of code of a page. */
export const blocksIn = (text: string): readonly string[] =>
  [...text.matchAll(/```[a-z0-9 -]*\n([\s\S]*?)```/g)].map(([, code = '']) => code)

/** Program and words as a text names them between backticks, or in a block of code: up to the first option, placeholder or value. */
export function namedIn(text: string): readonly { readonly program: string; readonly command: string }[] {
  const programs = [...new Set(NAMED_COMMANDS.map(({ program }) => program))].join('|')
  const inline = [...text.matchAll(new RegExp(`\\\\?\`(${programs}) ([^\`\\\\]+)`, 'g'))]
  const blocks = blocksIn(text).join('\n')
  const found = [...inline, ...blocks.matchAll(new RegExp(`^(${programs}) ([^\\n|;]+)`, 'gm'))]
  return found.flatMap(([, program = '', rest = '']) => {
    if (SENTENCE.test(rest)) return []
    const words = rest.split(/\s+/).filter((word) => word !== '')
    if (BY_ACTION.has(program)) {
      const action = words[words.indexOf('-a') + 1]
      return words.includes('-a') && action !== undefined ? [{ program, command: action }] : []
    }
    if (program === 'ppmk') return [{ program, command: words[0] ?? '' }]
    const end = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word))
    const command = (end === -1 ? words : words.slice(0, end)).join(' ')
    return command === '' ? [] : [{ program, command }]
  })
}
