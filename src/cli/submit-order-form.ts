import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { placeOrder, refuseFaultyForm } from '../enrollment/place-order.ts'
import { withNewRun } from '../enrollment/run.ts'
import { EnrollError, EXIT, type ExitCode, sentence, withRemedy } from '../errors.ts'
import { autoApplyOrder } from '../sectigo/auto-apply-order.ts'
import type { FormFault, OrderForm } from '../sectigo/certificate-authority.ts'
import { getAccountBalance } from '../sectigo/get-account-balance.ts'
import { readOrderForm } from '../sectigo/order-form-file.ts'
import { orderingUrl, placeOrder as sendPlaceOrder, validatePlaceOrder } from '../sectigo/other-products/place-order.ts'
import { splitPlaceOrder } from '../sectigo/other-products/place-order-items.ts'
import { PLACE_ORDER_PRODUCTS } from '../sectigo/other-products/place-order-parameters.ts'
import { ORDER_IDENTITY_PARAMETERS } from '../sectigo/parameters/auto-apply-order-document-signing.ts'
import { FormView } from '../sectigo/parameters/form-view.ts'
import { orderTable } from '../sectigo/parameters/order-table.ts'
import { validateForm } from '../sectigo/parameters/validate-form.ts'
import type { Arguments, CommandContext } from './command.ts'
import { configure } from './configure.ts'
import { judgeEvidence, orderedKeys } from './evidence-in-form.ts'
import { formFinding } from './finding.ts'
import { MAX_INPUT, readInput } from './read-input.ts'
import { exitCodeOf, showRun } from './run-view.ts'
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
  const profile = args.text('profile')
  const configuration = await configure(args, context, profile === undefined ? {} : { profile })
  const also = configuration.flag('sectigo.foreignOrderNumber') ? ORDER_IDENTITY_PARAMETERS : []
  const faults = kind === 'place' ? validatePlaceOrder(form) : validateForm(orderTable(form).table, form, { also })
  showFaults(faults, context)
  const refused = faults.some(({ severity }) => severity === 'fail')
  const keys = refused ? [] : orderedKeys(form, kind)
  const { judged, findings } = await judgeEvidence(keys, configuration)
  for (const { message } of findings) context.output.warn(message)
  if (args.flag('dry-run')) {
    context.output.result({ ready: !refused, findings: [...faults.map(formFinding), ...findings] }, () =>
      refused ? 'The form would be refused.' : 'The form fits the documents.',
    )
    return refused ? EXIT.refused : EXIT.done
  }
  refuseFaultyForm(faults)
  const endpoint = configuration.required('sectigo.endpoint')
  if (args.flag('url')) {
    const url = orderingUrl(form, { url: endpoint })
    context.output.result({ url }, () => url)
    return EXIT.done
  }
  if (!test) await confirmChange(`Order ${contentOf(form, kind)} at ${endpoint}?`, args, context)
  const [evidence] = judged
  const [key, ...others] = keys
  const client = openClient(configuration, args, context)
  const services = createServices(configuration.required('stateDirectory'), context, args.flag('trace'))
  return withNewRun({ configuration, profile: file, test, device: false }, services, async (run) => {
    context.output.belongsTo(run.id)
    await placeOrder(run, {
      form,
      endpoint,
      ...(key?.csr === undefined ? {} : { csr: key.csr }),
      ...(key === undefined ? {} : { spkiSha256: key.spkiSha256 }),
      ...(others.length === 0 ? {} : { otherKeys: others.map(({ spkiSha256 }) => spkiSha256) }),
      ...(evidence === undefined ? {} : { evidence }),
      ...(kind === 'place' && new FormView(form).isYes('reseller') ? { toAuthorize: true } : {}),
      faults,
      balance: () => getAccountBalance(client, context.signal),
      // No abort signal: once the form is on its way, the answer is waited for.
      send: () => (kind === 'place' ? sendPlaceOrder(client, form) : autoApplyOrder(client, form)),
    })
    showRun(run.summary, context.output)
    return run.record.state === 'ordered' ? EXIT.done : exitCodeOf(run.record)
  })
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
    if (severity === 'warn') context.output.warn(`${sentence(detail)} ${remedy}`)
    else context.output.error(`refused: ${withRemedy(detail, remedy)}`)
  }
}
