import type { Configuration } from '../config/configuration.ts'
import { requestTemplate } from '../config/profile.ts'
import { checkRequestTemplate } from '../csr/build-certification-request.ts'
import { hsmTypeOf } from '../enrollment/order-form.ts'
import { EnrollError, EXIT } from '../errors.ts'
import { type Finding, isBlocker } from './finding.ts'
import { planFindings } from './plan-findings.ts'

/**
 * A profile that cannot work is refused before a run exists, and before it costs a key. `interactive`: somebody can be asked for what
 * is missing; `confirmed`: the order has its yes, or needs none. Throws EnrollError.
 */
export async function refuseUnworkable(
  configuration: Configuration,
  { interactive, confirmed }: { readonly interactive: boolean; readonly confirmed: boolean },
): Promise<void> {
  await checkRequestTemplate(requestTemplate(configuration))
  hsmTypeOf(configuration)
  refuseBlockers(await planFindings(configuration))
  if (!interactive) requireHeadless(configuration, confirmed)
}

function refuseBlockers(findings: readonly Finding[]): void {
  const faults = findings.filter(isBlocker)
  const [first, ...others] = faults
  if (first === undefined) return
  const more = others.length === 0 ? '' : ` (and ${others.length} more; see \`hsm-enroll plan\`)`
  throw new EnrollError(
    first.code,
    `${first.area === 'order' ? 'Could not begin: the order form would be refused: ' : ''}${first.message}${more}`,
    {
      remedy: first.remedy,
      exitCode: first.area === 'order' ? EXIT.refused : EXIT.usage,
    },
  )
}

/** Where nobody can be asked, what is missing must not show only after the key is made. */
function requireHeadless(configuration: Configuration, confirmed: boolean): void {
  configuration.required('sectigo.loginName')
  configuration.required('sectigo.loginPassword')
  if (confirmed) return
  throw new EnrollError('order.unconfirmed', 'Could not begin: a paid order needs a yes, and nobody can be asked.', {
    remedy: 'Add --yes, or rehearse with --test.',
  })
}
