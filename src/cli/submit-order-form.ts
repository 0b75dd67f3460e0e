import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readTextFile } from '../check/read/text-input.ts'
import { MAX_INPUT, readInput } from '../config/read-input.ts'
import { type JudgedForm, judgeForm, orderFromForm, refuseFaultyEvidence } from '../enrollment/order-from-form.ts'
import { refuseFaultyForm } from '../enrollment/order-once.ts'
import { type Finding, formFinding, isBlocker } from '../enrollment/plan/finding.ts'
import type { OpenRun } from '../enrollment/run.ts'
import { EnrollError, EXIT, type ExitCode, sentence, withRemedy } from '../errors.ts'
import type { FormFault, OrderForm } from '../sectigo/certificate-authority.ts'
import { readOrderForm } from '../sectigo/order-form-file.ts'
import { orderingUrl } from '../sectigo/other-products/place-order.ts'
import { splitPlaceOrder } from '../sectigo/other-products/place-order-items.ts'
import { PLACE_ORDER_PRODUCTS } from '../sectigo/other-products/place-order-parameters.ts'
import { FormView } from '../sectigo/parameters/form-view.ts'
import type { Arguments, CommandContext } from './command.ts'
import { configure } from './configure.ts'
import { exitCodeOf, showRun } from './run-view.ts'
import { confirmChange } from './sectigo-client.ts'
import { createServices } from './services.ts'

/** `order submit` and `place-order`: a form from a file, checked against the documents' tables, then one journalled POST. */
export async function submitOrderForm(
  args: Arguments,
  context: CommandContext,
  kind: 'auto-apply' | 'place',
): Promise<ExitCode> {
  const file = resolve(context.cwd, args.required('form'))
  const content = await readInput(file)
  const read = readOrderForm(readTextFile(content, 'the order form'), (path) =>
    readBeside(resolve(dirname(file), path)),
  )
  const form: OrderForm = args.flag('test') ? { ...read, test: 'Y' } : read
  const profile = args.text('profile')
  const configuration = await configure(args, context, profile === undefined ? {} : { profile })
  const judged = await judgeForm(form, kind, configuration, Date.now(), { sendAnyway: args.flag('send-anyway') })
  const { faults, findings, notes } = judged
  for (const note of notes) context.output.progress(`note: ${note}`)
  showFaults(faults, context)
  showFindings(findings, context)
  if (args.flag('dry-run')) return showDryRun(judged, context)
  refuseFaultyForm(faults)
  refuseFaultyEvidence(judged)
  const endpoint = configuration.required('sectigo.endpoint')
  if (args.flag('url')) {
    const url = orderingUrl(judged.form, { url: endpoint })
    context.output.result({ url }, () => url)
    return EXIT.done
  }
  if (!judged.test) await confirmChange(`Order ${contentOf(judged.form, kind)} at ${endpoint}?`, args, context, 'order')
  const services = createServices(configuration, context, args.flag('trace'))
  const onBegun = ({ id }: OpenRun): void => context.output.belongsTo(id)
  const summary = await orderFromForm(judged, { configuration, profile: file, onBegun }, services)
  showRun(summary, context.output)
  return summary.record.state === 'ordered' ? EXIT.done : exitCodeOf(summary.record)
}

function showDryRun({ faults, refused, findings, notes }: JudgedForm, context: CommandContext): ExitCode {
  const blocked = findings.some(isBlocker)
  const said = notes.map((message): Finding => ({ area: 'order', severity: 'ok', message }))
  context.output.result(
    { ready: !refused && !blocked, findings: [...said, ...faults.map(formFinding), ...findings] },
    () =>
      refused
        ? 'The form would be refused.'
        : blocked
          ? 'The form matches the documents, but its evidence does not pass the checks: nothing would be sent.'
          : 'The form matches the documents.',
  )
  return refused || blocked ? EXIT.refused : EXIT.done
}

/** What is ordered, for the question. */
function contentOf(form: OrderForm, kind: 'auto-apply' | 'place'): string {
  if (kind === 'auto-apply') {
    const view = new FormView(form)
    return `product ${view.get('product') ?? '(none)'} for ${view.get('days') ?? '?'} days`
  }
  const codes = splitPlaceOrder(form).items.map((item) => new FormView(item.form).get('PPP', 'ID') ?? '?')
  return codes.map((code) => PLACE_ORDER_PRODUCTS[code]?.name ?? `product ${code}`).join(', ')
}

/** A file that the form names. Throws EnrollError `input.…`. */
function readBeside(path: string): Uint8Array {
  try {
    if (statSync(path).size <= MAX_INPUT) return readFileSync(path)
  } catch (cause) {
    throw new EnrollError('input.unreadable', `Could not read ${path}, which is in the form: ${codeOf(cause)}.`, {
      remedy: 'Check the path (relative to the form’s folder) and the permissions.',
      cause,
    })
  }
  throw new EnrollError('input.too-large', `Could not read ${path}: it has more than ${MAX_INPUT} bytes.`, {
    remedy: 'Specify the request or the attestation itself.',
  })
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : String(cause)

function showFindings(findings: readonly Finding[], context: CommandContext): void {
  for (const finding of findings) {
    if (isBlocker(finding)) context.output.error(`refused: ${withRemedy(finding.message, finding.remedy)}`)
    else context.output.warn(finding.message)
  }
}

function showFaults(faults: readonly FormFault[], context: CommandContext): void {
  for (const { severity, detail, remedy } of faults) {
    if (severity === 'warn') context.output.warn(`${sentence(detail)} ${remedy}`)
    else context.output.error(`refused: ${withRemedy(detail, remedy)}`)
  }
}
