import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { AttestationResult } from '../attestation/attestation-result.ts'
import type { Configuration } from '../config/configuration.ts'
import { type CertificationRequest, readCertificationRequest } from '../csr/certification-request.ts'
import { placeOrder, refuseFaultyForm } from '../enrollment/place-order.ts'
import { withNewRun } from '../enrollment/run.ts'
import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import { isHsmType } from '../hsm-type.ts'
import { autoApplyOrder } from '../sectigo/auto-apply-order.ts'
import type { FormFault, OrderForm } from '../sectigo/certificate-authority.ts'
import { getAccountBalance } from '../sectigo/get-account-balance.ts'
import { readOrderForm } from '../sectigo/order-form-file.ts'
import { FormView } from '../sectigo/parameters/form-view.ts'
import { orderTable } from '../sectigo/parameters/order-table.ts'
import { validateForm } from '../sectigo/parameters/validate-form.ts'
import { orderingUrl, placeOrder as sendPlaceOrder, validatePlaceOrder } from '../sectigo/place-order.ts'
import type { Arguments, CommandContext } from './command.ts'
import { configure } from './configure.ts'
import { MAX_INPUT, readInput } from './read-input.ts'
import { exitCodeOf, runToJson, runToText } from './run-view.ts'
import { confirmChange, openClient } from './sectigo-client.ts'
import { createServices } from './services.ts'

/** `order submit` and `place-order`: a form from a file, checked against the documents' tables, then one journalled POST. */
export async function submitOrderForm(
  args: Arguments,
  context: CommandContext,
  kind: 'auto-apply' | 'place',
): Promise<ExitCode> {
  const file = resolve(context.cwd, args.required('form'))
  const read = readOrderForm(Buffer.from(await readInput(file)).toString('utf8'), (path) =>
    readBeside(resolve(dirname(file), path)),
  )
  const form: OrderForm = args.flag('test') ? { ...read, test: 'Y' } : read
  const test = kind === 'auto-apply' && new FormView(form).isYes('test')
  const faults = kind === 'place' ? validatePlaceOrder(form) : validateForm(orderTable(form).table, form)
  showFaults(faults, context)
  const refused = faults.some(({ severity }) => severity === 'fail')
  if (args.flag('dry-run')) {
    context.output.result({ ready: !refused, faults }, () =>
      refused ? 'The form would be refused.' : 'The form fits the documents.',
    )
    return refused ? EXIT.refused : EXIT.done
  }
  refuseFaultyForm(faults)
  const profile = args.text('profile')
  const configuration = await configure(args, context, profile === undefined ? {} : { profile })
  const endpoint = configuration.required('sectigo.endpoint')
  if (args.flag('url')) {
    const url = orderingUrl(form, { url: endpoint })
    context.output.result({ url }, () => url)
    return EXIT.done
  }
  const request = requestOf(form)
  const verdict = await judgeEvidence(form, request, configuration, context)
  if (!test && !(await confirmChange(`Place this order at ${endpoint}?`, args, context))) return EXIT.refused
  const client = await openClient(configuration, args, context)
  const services = createServices(configuration.required('stateDirectory'), context, args.flag('trace'))
  return withNewRun({ configuration, profile: file, test, device: false }, services, async (run) => {
    await placeOrder(run, {
      form,
      endpoint,
      ...(request === undefined
        ? {}
        : { csr: request.der, spkiSha256: createHash('sha256').update(request.spki).digest('hex') }),
      ...(verdict === undefined ? {} : { verdict }),
      faults,
      balance: () => getAccountBalance(client, context.signal),
      // No abort signal: once the form is on its way, the answer is waited for.
      send: () => (kind === 'place' ? sendPlaceOrder(client, form) : autoApplyOrder(client, form)),
    })
    const { orderNumber } = run.record
    if (kind === 'place' && orderNumber !== undefined && new FormView(form).isYes('reseller'))
      context.output.progress(`It goes on, and is charged, with \`hsm-enroll order authorize ${orderNumber}\`.`)
    const summary = { id: run.id, folder: run.folder.path, record: run.record }
    context.output.result(runToJson(summary), () => runToText(summary))
    return run.record.state === 'ordered' ? EXIT.done : exitCodeOf(run.record)
  })
}

/** A file that the form names. Throws EnrollError `input.…`. */
function readBeside(path: string): Uint8Array {
  try {
    if (statSync(path).size <= MAX_INPUT) return readFileSync(path)
  } catch (cause) {
    throw new EnrollError('input.unreadable', `Could not read ${path}, which the form names: ${codeOf(cause)}.`, {
      remedy: 'Check the name (it counts from the form’s folder) and the permissions.',
      cause,
    })
  }
  throw new EnrollError('input.too-large', `Could not read ${path}: it has more than ${MAX_INPUT} bytes.`, {
    remedy: 'Name the request or the attestation itself.',
  })
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : String(cause)

function showFaults(faults: readonly FormFault[], context: CommandContext): void {
  for (const { severity, detail, remedy } of faults) {
    if (severity === 'warn') context.output.warn(`${detail}. ${remedy}`)
    else context.output.error(`refused: ${detail}. Try: ${remedy}`)
  }
}

/** What this program thinks of the evidence in the form. It warns only: the form is the caller's own. */
async function judgeEvidence(
  form: OrderForm,
  request: CertificationRequest | undefined,
  configuration: Configuration,
  context: CommandContext,
): Promise<AttestationResult | undefined> {
  const view = new FormView(form)
  const [hsmType, keyAttestation] = [view.get('hsmType'), view.get('keyAttestation')]
  if (request === undefined || hsmType === undefined || keyAttestation === undefined || !isHsmType(hsmType))
    return undefined
  const { checkWith } = await import('./check-with.ts')
  try {
    const verdict = await checkWith(configuration, {
      hsmType,
      package: Buffer.from(keyAttestation, 'base64'),
      csr: request.der,
      now: Date.now(),
    })
    for (const { id, status, detail } of verdict.checks)
      if (status === 'fail') context.output.warn(`the key attestation does not hold here (${id}): ${detail}`)
    return verdict
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
    context.output.warn(`the key attestation cannot be read: ${error.message}`)
    return undefined
  }
}

/** The form's request, where it has one in any spelling. */
function requestOf(form: OrderForm): CertificationRequest | undefined {
  const [, text] = Object.entries(form).find(([name]) => /^_?(\d+_)?csr$/i.test(name)) ?? []
  return text === undefined || text === '' ? undefined : readCertificationRequest(Buffer.from(text))
}
