import { didYouMean } from '../../did-you-mean.ts'
import type { FormFault, OrderForm } from '../certificate-authority.ts'
import { FormView } from './form-view.ts'
import type { Parameter, ParameterTable } from './parameter.ts'
import { requestText } from './request-text.ts'
import { valueFault } from './value-fault.ts'

export interface ValidateOptions {
  /** Rows beside the table's own that the account is known to accept. */
  readonly also?: readonly Parameter[]
}

const LOGIN = new Set(['loginname', 'loginpassword'])

/**
 * Holds a form against a table: unknown, missing, malformed and inapplicable parameters, and the rules between them.
 * `loginName` and `loginPassword` are put in by the client, so they are no part of a form. Nothing is sent.
 */
export function validateForm(table: ParameterTable, form: OrderForm, options: ValidateOptions = {}): FormFault[] {
  const parameters = [...table.parameters, ...(options.also ?? [])].filter(({ name }) => !LOGIN.has(name.toLowerCase()))
  const view = new FormView(sendableForm(table, form))
  return [
    ...nameFaults(table, parameters, form),
    ...parameters.flatMap((parameter) => parameterFaults(parameter, view)),
    ...table.rules.flatMap((rule) => {
      const detail = rule.violated(view)
      return detail === undefined ? [] : [{ ...rule, detail: `${rule.parameter}: ${detail}` }].map(toFault)
    }),
  ]
}

const toFault = ({ parameter, severity, detail, remedy, source }: FormFault): FormFault => ({
  parameter,
  severity,
  detail,
  remedy,
  source,
})

/** A request, by its own name or by that of an item (`1_csr`). */
const REQUEST = /^(_?\d{1,3}_)?(csr|pkcs10)$/i

/** The form as it is sent: empty values left out, slips of the documents' examples put right, requests without what stands around them. */
export function sendableForm(table: ParameterTable, form: OrderForm): OrderForm {
  const names = slipsOf(table)
  return Object.fromEntries(
    Object.entries(form).flatMap(([name, value]) =>
      value === '' ? [] : [[names.get(name.toLowerCase()) ?? name, REQUEST.test(name) ? requestText(value) : value]],
    ),
  )
}

/** Names as the documents' own examples misspell them, in small letters, and the right ones. */
function slipsOf(table: ParameterTable): ReadonlyMap<string, string> {
  const slips =
    slipsByTable.get(table) ??
    new Map(table.parameters.flatMap((row) => (row.misspelt ?? []).map((slip) => [slip.toLowerCase(), row.name])))
  slipsByTable.set(table, slips)
  return slips
}

/** Tables are constants, and each form is read by one several times. */
const slipsByTable = new WeakMap<ParameterTable, ReadonlyMap<string, string>>()

/** The spellings under which a row may be sent. */
export const spellings = (parameter: Parameter): readonly string[] => [parameter.name, ...(parameter.aliases ?? [])]

function nameFaults(table: ParameterTable, parameters: readonly Parameter[], form: OrderForm): FormFault[] {
  const known = new Map(parameters.flatMap((row) => spellings(row).map((name) => [name.toLowerCase(), row.name])))
  const slips = slipsOf(table)
  const seen = new Set<string>()
  return Object.keys(form).flatMap((name) => {
    const lower = name.toLowerCase()
    const slip = slips.get(lower)
    if (slip !== undefined) {
      const detail = `${name}: a slip of the documents' own example, sent as ${slip}`
      return [{ parameter: name, severity: 'warn', detail, remedy: `Write ${slip}.`, source: table.source }]
    }
    const canonical = known.get(lower)
    const fault = (detail: string, remedy: string): FormFault[] => [
      { parameter: name, severity: 'fail', detail: `${name}: ${detail}`, remedy, source: table.source },
    ]
    if (LOGIN.has(lower)) return fault('the login does not belong in the form', 'Configure it separately, as a secret.')
    if (canonical === undefined) {
      const near = didYouMean(name, [...known.values()])
      return fault(
        `${table.endpoint} (${table.title}) has no such parameter, the CA would answer -2`,
        near === undefined ? 'Remove it.' : `Did you mean ${near}?`,
      )
    }
    if (seen.has(canonical)) return fault('it appears twice, in different spellings', 'Keep one of them.')
    seen.add(canonical)
    return []
  })
}

function parameterFaults(parameter: Parameter, form: FormView): FormFault[] {
  const { name, source } = parameter
  const value = form.get(...spellings(parameter))
  const fault = (severity: FormFault['severity'], detail: string, remedy: string): FormFault[] => [
    { parameter: name, severity, detail: `${name}: ${detail}`, remedy, source },
  ]
  if (value === undefined) {
    const condition = parameter.requiredWhen
    if (parameter.requirement === 'required' || condition?.holds(form) === true) {
      const why = parameter.requirement === 'required' || condition === undefined ? '' : ` (${condition.text})`
      return fault('fail', `it is required and missing${why}`, describeNeed(parameter))
    }
    if (parameter.wantedWhen?.holds(form) === true) {
      return fault('warn', `it is missing (${parameter.wantedWhen.text})`, describeNeed(parameter))
    }
    return []
  }
  if (parameter.appliesWhen?.holds(form) === false) {
    return fault('fail', `it does not apply to this order (only if ${parameter.appliesWhen.text})`, 'Remove it.')
  }
  const irrelevant = parameter.relevantWhen?.holds(form) === false ? parameter.relevantWhen.text : undefined
  const wrong = valueFault(parameter, value)
  if (wrong !== undefined) return fault('fail', wrong.detail, wrong.remedy)
  if (irrelevant !== undefined) return fault('warn', `it matters only if ${irrelevant}`, 'Remove it.')
  const doubt = parameter.doubtful?.[value]
  return doubt === undefined ? [] : fault('warn', `${value}: ${doubt}`, 'Send it only if Sectigo told you so.')
}

function describeNeed({ name, allowed, max }: Parameter): string {
  const what =
    allowed === undefined ? (max === undefined ? '' : `, up to ${max} characters`) : `: ${allowed.join(', ')}`
  return `Specify ${name}${what}.`
}
