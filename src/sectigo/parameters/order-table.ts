import type { OrderForm } from '../certificate-authority.ts'
import { AUTO_APPLY_ORDER_ERRORS, AUTO_APPLY_ORDER_GENERAL_ERRORS } from '../errors/auto-apply-order.ts'
import type { ErrorTable } from '../errors/error-table.ts'
import { AUTO_APPLY_ORDER_GENERAL } from '../other-products/auto-apply-order-general.ts'
import { AUTO_APPLY_ORDER_DOCUMENT_SIGNING } from './auto-apply-order-document-signing.ts'
import { FormView } from './form-view.ts'
import type { ParameterTable } from './parameter.ts'
import { familyOf } from './products.ts'

/** Document Signing has a newer page of its own; every other product is the 3.44 manual's. */
export function orderTable(form: OrderForm): { readonly table: ParameterTable; readonly errors: ErrorTable } {
  const { products } = new FormView(form)
  return products.every((code) => familyOf(code) === 'document-signing')
    ? { table: AUTO_APPLY_ORDER_DOCUMENT_SIGNING, errors: AUTO_APPLY_ORDER_ERRORS }
    : { table: AUTO_APPLY_ORDER_GENERAL, errors: AUTO_APPLY_ORDER_GENERAL_ERRORS }
}
