import { FormView } from '../../sectigo/parameters/form-view.ts'
import type { Parameter, ParameterTable } from '../../sectigo/parameters/parameter.ts'
import { spellings } from '../../sectigo/parameters/validate-form.ts'
import { valueFault } from '../../sectigo/parameters/value-fault.ts'
import { invalid, missing, notApplicable, Refused, unrecognised } from './refusal.ts'

/** Which code a bad format earns; -4 where the documents have none of its own. CSRs are judged by `check-csr.ts`. */
const FORMAT_CODES: Readonly<Record<string, (name: string, value: string) => Refused>> = {
  country: (_, value) => new Refused(-7, `'${value.slice(0, 2)}' is not a valid ISO-3166 country!`),
  email: () => new Refused(-70, 'Invalid Email Address!'),
  'email-or-none': () => new Refused(-70, 'Invalid Email Address!'),
}

/** Holds a request against a table as the documents' errors have it: -2, then -3, then values, then what fits the order. */
export function checkForm(
  table: ParameterTable,
  form: ReadonlyMap<string, string>,
  also: readonly Parameter[] = [],
): FormView {
  const parameters = [...table.parameters, ...also]
  const known = new Set(parameters.flatMap((parameter) => spellings(parameter).map((name) => name.toLowerCase())))
  for (const name of form.keys()) if (!known.has(name.toLowerCase())) throw unrecognised(name)
  const view = new FormView(Object.fromEntries(form))
  for (const parameter of parameters) {
    const needed = parameter.requirement === 'required' || parameter.requiredWhen?.holds(view) === true
    if (needed && !view.has(...spellings(parameter))) throw missing(parameter.name)
  }
  for (const parameter of parameters) checkValue(parameter, view)
  for (const rule of table.rules) {
    const detail = rule.severity === 'fail' ? rule.violated(view) : undefined
    if (detail !== undefined) throw ruleRefusal(rule.parameter, rule.code, detail)
  }
  return view
}

function checkValue(parameter: Parameter, view: FormView): void {
  const value = view.get(...spellings(parameter))
  if (value === undefined) return
  if (parameter.appliesWhen?.holds(view) === false) {
    if (parameter.inapplicableCode !== -68) throw notApplicable(parameter.name)
    throw new Refused(-68, `Argument '${parameter.name}' can be used just with License products!`, parameter.name)
  }
  const { format, ...bare } = parameter
  if (valueFault(bare, format === 'csr' ? value.replace(/\s/g, '') : value) !== undefined) throw invalid(parameter.name)
  if (format === undefined || format === 'csr' || valueFault(parameter, value) === undefined) return
  throw FORMAT_CODES[format]?.(parameter.name, value) ?? invalid(parameter.name)
}

const RULE_TEXTS: Readonly<Record<number, string>> = {
  [-54]: 'The order can have one main license only!',
  [-59]: 'Additional IP Address Packs may only be purchased for an existing HackerGuardian account!',
  [-67]: 'The order can have one CodeGuard license only!',
  [-81]: 'The order must have a Document-Signing Certificate!',
  [-82]: 'The order must have only one Web Package product!',
}

function ruleRefusal(name: string, code: number | undefined, detail: string): Refused {
  if (code === undefined || code === -4) return invalid(name)
  if (code === -3) return missing(name)
  if (code === -83) return notApplicable(name)
  return new Refused(code, RULE_TEXTS[code] ?? detail, name)
}
