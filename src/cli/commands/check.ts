import {
  type AttestationResult,
  type AttestedDevice,
  type CheckStatus,
  describeAttestedKey,
  isUnbound,
  type KnowledgeUsed,
} from '../../attestation/contract/attestation-result.ts'
import type { ExplainContext } from '../../check/explain/explanation.ts'
import { EXPECTED, settingByPath } from '../../config/settings.ts'
import { didYouMeanHint } from '../../did-you-mean.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import { HSM_TYPES, type HsmType, isHsmType } from '../../hsm-type.ts'
import { isIsoDay } from '../../iso-day.ts'
import { printable } from '../../printable.ts'
import type { Arguments, Command } from '../command.ts'
import { configure, PKIX_EVIDENCE_OPTION, TRUST_OPTIONS } from '../configure.ts'
import type { Output } from '../output.ts'

/** What every way to check takes. */
export const JUDGING_OPTIONS = {
  'hsm-type': { type: 'string', describe: `one of ${HSM_TYPES.join(', ')}; default: detected` },
  policy: { type: 'string', choices: ['document-signing', 'code-signing'], describe: 'rules to check against' },
  fips: {
    type: 'string',
    choices: ['refuse', 'warn', 'off'],
    describe: 'how to treat a device without FIPS certification',
  },
  'fips-standard': {
    type: 'string',
    choices: ['any', '140-2', '140-3'],
    describe: 'the FIPS standard that the device must be validated under',
  },
  'fips-historical': {
    type: 'string',
    choices: ['refuse', 'warn', 'accept'],
    describe: 'how to treat a FIPS certificate on the historical list',
  },
  advisories: {
    type: 'string',
    array: true,
    describe: 'how to treat published weaknesses: refuse, warn or off, or eucleak=off for one',
  },
  expect: {
    type: 'string',
    array: true,
    describe: 'NAME=VALUE: refuse any other device, e.g. serials=15732500, firmware=5.7.0-, slots=9c',
  },
  on: { type: 'string', describe: 'day for which certifications, advisories and rules are asked, e.g. 2026-03-01' },
} as const

export const check: Command = {
  command: 'check',
  summary: 'check an attestation (and request) offline, without the device',
  options: {
    ...TRUST_OPTIONS,
    attestation: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'attestation, - for stdin; further files, or a folder, with what belongs to it, in any order',
    },
    ...JUDGING_OPTIONS,
    ...PKIX_EVIDENCE_OPTION,
    csr: { type: 'string', describe: 'certificate request (PKCS#10) that the attested key must belong to' },
    'public-key': { type: 'string', describe: 'public key (PEM or DER) that the attested key must be' },
    'cert-chains': { type: 'string', describe: 'certificates that accompany the attestation (Google)' },
    'key-name': {
      type: 'string',
      describe: 'the key that the attestation must be for: name of the version (Google), UUID (Fortanix)',
    },
  },
  examples: [['$0 check --attestation chain.pem --csr key.csr', 'before an order is placed']],
  run: async (args, context) => {
    const { VERIFIERS } = await import('../../attestation/verifiers.ts')
    const { readCertChains } = await import('../../check/read/chains-input.ts')
    const { readEvidenceFiles } = await import('../../check/read/evidence-input.ts')
    const { readPublicKey } = await import('../../check/read/public-key-input.ts')
    const { checkAttestation } = await import('../../check/check-attestation.ts')
    const { checkContext } = await import('../../check/configured.ts')
    const { refuseUnused } = await import('../../check/refuse-unused.ts')
    const { knowledgeInForce } = await import('../../config/knowledge-in-force.ts')
    const { readInput } = await import('../../config/read-input.ts')
    const { readInputs } = await import('../../config/read-inputs.ts')
    const hsmType = readHsmType(args.text('hsm-type'))
    const on = readDay(args.text('on'))
    const configuration = await configure(args, context, {
      flags: { ...policyFlags(args), ...expectFlags(args.list('expect')) },
    })
    const { files, folders } = await readInputs(args.list('attestation'))
    const evidence = readEvidenceFiles(files, folders > 0)
    const [csr, publicKey] = [args.text('csr'), args.text('public-key')]
    const request = csr === undefined ? evidence.request : await readInput(csr)
    const beside = request === undefined ? evidence.publicKey : undefined
    const chains = args.text('cert-chains')
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
    const family = VERIFIERS[result.hsmType]
    refuseUnused(family, 'key-name', keyName)
    refuseUnused(family, 'cert-chains', chains)
    if (files.length > 1 && evidence.certChains !== undefined && !family.uses.includes('certChains'))
      context.output.warn(
        `the further files of --attestation were not looked at: ${result.hsmType} evidence has its certificates in itself.`,
      )
    context.output.result(result, () => toText(result, context.output))
    return result.acceptable ? EXIT.done : EXIT.refused
  },
}

/** Loaded for those who ask for it. */
async function pkixNotes(found: readonly Uint8Array[], by: ExplainContext): Promise<readonly string[]> {
  const { pkixContext, pkixEvidenceNote } = await import('../../check/explain/explain-pkix-evidence.ts')
  return found.map((der) => pkixEvidenceNote(der, pkixContext(by)))
}

export function readHsmType(text: string | undefined): HsmType | undefined {
  if (text === undefined) return undefined
  if (isHsmType(text)) return text
  throw new EnrollError(
    'usage.hsm-type',
    `Could not check: there is no hsmType "${text.slice(0, 40)}".${didYouMeanHint(text, HSM_TYPES)}`,
    {
      remedy: `Use one of ${HSM_TYPES.join(', ')}, or omit it.`,
    },
  )
}

export const policyFlags = (args: Arguments): Readonly<Record<string, string | readonly string[] | undefined>> => ({
  'policy.profile': args.text('policy'),
  'policy.fips': args.text('fips'),
  'policy.fipsStandard': args.text('fips-standard'),
  'policy.fipsHistorical': args.text('fips-historical'),
  'policy.advisories': args.list('advisories').length === 0 ? undefined : args.list('advisories'),
})

/** `serials=1`, `serials=2`, `slots=9c` as the settings they stand for. */
export function expectFlags(items: readonly string[]): Readonly<Record<string, string | readonly string[]>> {
  const flags: Record<string, string | readonly string[]> = {}
  for (const item of items) {
    const [, name = item, value] = /^([^=]*)=(.+)$/.exec(item) ?? []
    const path = `expect.${name}`
    const type = settingByPath.get(path)?.type
    if (value === undefined || type === undefined)
      throw new EnrollError(
        'usage',
        `Could not check: --expect "${item.slice(0, 60)}" is not NAME=VALUE.${didYouMeanHint(name, EXPECTED)}`,
        {
          remedy: `Use one of ${EXPECTED.join(', ')}, as in --expect serials=15732500.`,
        },
      )
    flags[path] = type === 'list' ? [...(flags[path] ?? []), value] : value
  }
  return flags
}

export function readDay(text: string | undefined): string | undefined {
  if (text === undefined || isIsoDay(text)) return text
  throw new EnrollError('usage', `Could not check: --on "${text.slice(0, 40)}" is not a day.`, {
    remedy: 'Write it as YYYY-MM-DD: --on 2026-03-01.',
  })
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
