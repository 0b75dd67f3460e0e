import { EnrollError } from '../../errors.ts'
import type { OrderForm } from '../certificate-authority.ts'
import type { ParameterTable } from './parameter.ts'
import { validateForm } from './validate-form.ts'

/** Throws EnrollError (exit 2) with the first fault of a form; then nothing was sent. */
export function requireValid(table: ParameterTable, form: OrderForm): void {
  const fault = validateForm(table, form).find(({ severity }) => severity === 'fail')
  if (fault === undefined) return
  throw new EnrollError('sectigo.form', `Could not call ${table.endpoint}: ${fault.detail}.`, { remedy: fault.remedy })
}
