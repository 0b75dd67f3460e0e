import {
  type AttestationResult,
  type AttestedDevice,
  type CheckStatus,
  describeAttestedKey,
  isUnbound,
  type KnowledgeUsed,
} from '../attestation/contract/attestation-result.ts'
import { VERIFIERS } from '../attestation/verifiers.ts'
import { checkAttestation } from '../check/check-attestation.ts'
import { checkContext } from '../check/configured.ts'
import type { ExplainContext } from '../check/explain/explanation.ts'
import { readCertChains } from '../check/read/chains-input.ts'
import { readEvidenceFiles } from '../check/read/evidence-input.ts'
import { readPublicKey } from '../check/read/public-key-input.ts'
import { refuseUnused } from '../check/refuse-unused.ts'
import type { Configuration } from '../config/configuration.ts'
import { judgeInputs } from '../config/judge-inputs.ts'
import { knowledgeInForce } from '../config/knowledge-in-force.ts'
import { readInput } from '../config/read-input.ts'
import { readInputs } from '../config/read-inputs.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import type { HsmType } from '../hsm-type.ts'
import { printable } from '../printable.ts'
import type { Arguments, CommandContext } from './command.ts'
import { configure } from './configure.ts'
import { expectFlags, policyFlags, readDay, readHsmType } from './judging-flags.ts'
import type { Output } from './output.ts'

/** What `check` does, loaded in one piece when it is asked for. */
export async function judgeFiles(args: Arguments, context: CommandContext): Promise<ExitCode> {
  const asked = { hsmType: readHsmType(args.text('hsm-type')), on: readDay(args.text('on')) }
  const configuration = await configure(args, context, {
    flags: { ...policyFlags(args), ...expectFlags(args.list('expect')) },
  })
  const { result, passedOver } = await judgeInputs((read) => judged(args, { ...asked, configuration }, read))
  const family = VERIFIERS[result.hsmType]
  refuseUnused(family, 'key-name', args.text('key-name'))
  refuseUnused(family, 'cert-chains', args.text('cert-chains'))
  if (passedOver && !family.uses.includes('certChains'))
    context.output.warn(
      `the further files of --attestation were not looked at: ${result.hsmType} evidence has its certificates in itself.`,
    )
  context.output.result(result, () => toText(result, context.output))
  return result.acceptable ? EXIT.done : EXIT.refused
}

interface JudgedBy {
  readonly configuration: Configuration
  readonly hsmType: HsmType | undefined
  /** YYYY-MM-DD. */
  readonly on: string | undefined
}

interface Judged {
  readonly result: AttestationResult
  /** There are chains among several files, which not every family looks at. */
  readonly passedOver: boolean
}

/** `read`: for the evidence and its request, which the verdict looks through. */
async function judged(
  args: Arguments,
  { configuration, hsmType, on }: JudgedBy,
  read: typeof readInput,
): Promise<Judged> {
  const { files, folders } = await readInputs(args.list('attestation'), read)
  const evidence = readEvidenceFiles(files, folders > 0)
  const [csr, publicKey, chains] = [args.text('csr'), args.text('public-key'), args.text('cert-chains')]
  const request = csr === undefined ? evidence.request : await read(csr)
  const beside = request === undefined ? evidence.publicKey : undefined
  const certChains = chains === undefined ? evidence.certChains : readCertChains(await readInput(chains))
  const keyName = args.text('key-name')
  const by = await checkContext(
    configuration,
    {
      ...(hsmType === undefined ? {} : { hsmType }),
      ...(certChains === undefined ? {} : { certChains }),
      ...(request === undefined ? {} : { csr: request }),
      publicKey: publicKey === undefined ? beside : readPublicKey(await readInput(publicKey)),
      notes: evidence.notes,
      ...(keyName === undefined ? {} : { keyName }),
      now: Date.now(),
      knowledge: await knowledgeInForce(configuration),
      ...(on === undefined ? {} : { on }),
    },
    readInput,
  )
  const found = args.flag('pkix-evidence') ? evidence.pkixEvidence : undefined
  const result = checkAttestation({
    ...by,
    package: evidence.package,
    notes: [...(by.notes ?? []), ...(found === undefined ? [] : await pkixNotes(found, by))],
  })
  return { result, passedOver: files.length > 1 && evidence.certChains !== undefined }
}

/** Loaded for those who ask for it. */
async function pkixNotes(found: readonly Uint8Array[], by: ExplainContext): Promise<readonly string[]> {
  const { pkixContext, pkixEvidenceNote } = await import('../check/explain/explain-pkix-evidence.ts')
  return found.map((der) => pkixEvidenceNote(der, pkixContext(by)))
}

const describeDevice = ({ vendor, model, serial, firmware, fips }: AttestedDevice): string =>
  [vendor, model, serial, firmware === undefined ? undefined : `firmware ${firmware}`, `FIPS ${fips}`]
    .filter((part) => part !== undefined)
    .join(', ')

const describeKnowledge = ({ issued, origin }: KnowledgeUsed): string =>
  `the ${origin === 'update' ? 'updated' : 'built-in'} knowledge of ${issued}`

const MARKS: Readonly<Record<CheckStatus, readonly ['green' | 'red' | 'yellow' | 'dim', string]>> = {
  pass: ['green', '✓'],
  fail: ['red', '✗'],
  warn: ['yellow', '!'],
  'not-applicable': ['dim', '·'],
}

function toText(result: AttestationResult, output: Output): string {
  const { device, attestedKey: key } = result
  const verdict = result.acceptable
    ? output.style('green', isUnbound(result) ? 'acceptable, but not bound to a request' : 'acceptable')
    : output.style('red', result.genuine ? 'genuine, but not acceptable' : 'not genuine')
  return [
    `${result.hsmType}: ${verdict}`,
    `  device  ${printable(describeDevice(device))}`,
    ...(device.certification === undefined ? [] : [`  FIPS    ${printable(device.certification.detail)}`]),
    ...(key === undefined ? [] : [`  key     ${describeAttestedKey(key)} (SPKI SHA-256 ${key.spkiSha256})`]),
    ...(result.trustAnchor === undefined
      ? []
      : [`  anchor  ${result.trustAnchor.name} (${result.trustAnchor.origin})`]),
    ...(result.notes ?? []).map((note) => `  note    ${printable(note)}`),
    ...result.checks.flatMap(({ status, id, detail, remedy }) => [
      `  ${output.style(...MARKS[status])} ${id}: ${printable(detail)}`,
      ...(remedy === undefined || status === 'pass' ? [] : [`      Try: ${remedy}`]),
    ]),
    ...(result.knowledge === undefined
      ? []
      : [`  asked for ${result.knowledge.on}, by ${describeKnowledge(result.knowledge)}`]),
  ].join('\n')
}
