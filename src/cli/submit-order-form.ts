import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { readCertificationRequest } from '../csr/certification-request.ts'
import { placeOrder } from '../enrollment/place-order.ts'
import { withNewRun } from '../enrollment/run.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import { autoApplyOrder } from '../sectigo/auto-apply-order.ts'
import type { FormFault, OrderForm } from '../sectigo/certificate-authority.ts'
import { getAccountBalance } from '../sectigo/get-account-balance.ts'
import { readOrderForm } from '../sectigo/order-form-file.ts'
import { orderTable } from '../sectigo/parameters/order-table.ts'
import { validateForm } from '../sectigo/parameters/validate-form.ts'
import { orderingUrl, placeOrder as sendPlaceOrder, validatePlaceOrder } from '../sectigo/place-order.ts'
import type { Arguments, CommandContext } from './command.ts'
import { configure } from './configure.ts'
import { advanceAndShow } from './enrolling.ts'
import { confirmChange, openClient } from './sectigo-client.ts'
import { createServices } from './services.ts'

/** `order submit` and `place-order`: a form from a file, checked against the documents' tables, then one journalled POST. */
export async function submitOrderForm(
  args: Arguments,
  context: CommandContext,
  kind: 'auto-apply' | 'place',
): Promise<ExitCode> {
  const file = resolve(context.cwd, args.required('form'))
  const read = readOrderForm(await readFile(file, 'utf8'), (path) => readFileSync(resolve(dirname(file), path)))
  const test = args.flag('test')
  const form: OrderForm = test ? { ...read, test: 'Y' } : read
  const { table } = orderTable(form)
  const faults = kind === 'place' ? validatePlaceOrder(form) : validateForm(table, form)
  showFaults(faults, context)
  const refused = faults.some(({ severity }) => severity === 'fail')
  if (args.flag('dry-run')) {
    context.output.result({ ready: !refused, faults }, () =>
      refused ? 'The form would be refused.' : 'The form fits the documents.',
    )
    return refused ? EXIT.refused : EXIT.done
  }
  const profile = args.text('profile')
  const configuration = await configure(args, context, profile === undefined ? {} : { profile })
  const endpoint = configuration.required('sectigo.endpoint')
  if (args.flag('url')) {
    const url = orderingUrl(form, { url: endpoint })
    context.output.result({ url }, () => url)
    return refused ? EXIT.refused : EXIT.done
  }
  if (!refused && !test && !(await confirmChange(`Place this order at ${endpoint}?`, args, context)))
    return EXIT.refused
  const client = await openClient(configuration, args, context)
  const services = createServices(configuration.required('stateDirectory'), context, args.flag('trace'))
  return withNewRun({ configuration, profile: file, test, device: false }, services, async (run) => {
    const request = requestOf(form)
    await placeOrder(run, {
      form,
      endpoint,
      ...(request === undefined
        ? {}
        : { csr: request.der, spkiSha256: createHash('sha256').update(request.spki).digest('hex') }),
      faults,
      balance: () => getAccountBalance(client, context.signal),
      send: () => (kind === 'place' ? sendPlaceOrder(client, form) : autoApplyOrder(client, form)),
    })
    return advanceAndShow(run, { until: 'ordered' }, context)
  })
}

function showFaults(faults: readonly FormFault[], context: CommandContext): void {
  for (const { severity, detail, remedy } of faults) {
    if (severity === 'warn') context.output.warn(`${detail}. ${remedy}`)
    else context.output.error(`refused: ${detail}. Try: ${remedy}`)
  }
}

/** The form's request, where it has one in any spelling. */
function requestOf(form: OrderForm): ReturnType<typeof readCertificationRequest> | undefined {
  const [, text] = Object.entries(form).find(([name]) => /^_?(\d+_)?csr$/i.test(name)) ?? []
  return text === undefined || text === '' ? undefined : readCertificationRequest(Buffer.from(text))
}
