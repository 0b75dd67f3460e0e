import { DeviceError } from '../../devices/device.ts'
import { integer, sequence } from '../asn1/der-writer.ts'
import { encodeName, formatName } from '../asn1/name.ts'
import type { Configuration } from '../config/configuration.ts'
import { orderForm, requestTemplate } from '../config/profile.ts'
import { environmentName } from '../config/settings.ts'
import { checkRequestTemplate, type RequestTemplate } from '../csr/build-certification-request.ts'
import { hsmTypeOf } from '../enrollment/order-form.ts'
import { EnrollError } from '../errors.ts'
import { subjectFaults } from '../policy/evaluate-policy.ts'
import { POLICY_RULES } from '../policy/policy-rules.ts'
import { readBaseUrl } from '../sectigo/http/endpoint-url.ts'
import { readCaFile } from '../sectigo/http/root-certificates.ts'
import { ORDER_IDENTITY_PARAMETERS } from '../sectigo/parameters/auto-apply-order-document-signing.ts'
import { orderTable } from '../sectigo/parameters/order-table.ts'
import { validateForm } from '../sectigo/parameters/validate-form.ts'
import { configuredTrustAnchors } from './check-with.ts'
import { type Finding, formFinding } from './finding.ts'

/** What can be judged of a profile without a device, a PIN or a byte sent. */
export async function planFindings(configuration: Configuration): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const attempt = (area: 'profile' | 'order', what: () => string): void => {
    try {
      findings.push({ area, severity: 'ok', message: what() })
    } catch (error) {
      if (!(error instanceof EnrollError) && !(error instanceof DeviceError)) throw error
      const { code, message, remedy } = error
      findings.push({ area, severity: 'blocker', code, message, remedy })
    }
  }
  attempt('profile', () => `${hsmTypeOf(configuration)} at ${configuration.required('device.uri')}`)
  let template: RequestTemplate | undefined
  attempt('profile', () => {
    template = requestTemplate(configuration)
    return `a ${configuration.text('key.algorithm')} key for ${formatName(template.subject)}`
  })
  if (template !== undefined) findings.push(...(await requestFindings(template)))
  for (const path of ['sectigo.loginName', 'sectigo.loginPassword']) {
    if (configuration.text(path) !== undefined) continue
    findings.push({
      area: 'profile',
      severity: 'warning',
      code: 'config.missing',
      message: `${path} has no source`,
      remedy: `Name one in the profile or set ${environmentName(path)}; otherwise it is asked for.`,
    })
  }
  attempt('profile', () => `orders at ${readBaseUrl(configuration.required('sectigo.endpoint')).host}`)
  const caFile = configuration.text('sectigo.caFile')
  if (caFile !== undefined) attempt('profile', () => `${readCaFile(caFile) && 'TLS also trusts'} ${caFile}`)
  await configuredTrustAnchors(configuration).catch((error: unknown) =>
    attempt('profile', () => {
      throw error
    }),
  )
  findings.push(...orderFindings(configuration))
  return findings
}

/** No request, but with the subject of the one to come: what stands there need not stand in the form. */
function standInRequest(configuration: Configuration): string {
  try {
    const { subject } = requestTemplate(configuration)
    return Buffer.from(sequence(sequence(integer(0), encodeName(subject)))).toString('base64')
  } catch (error) {
    // Said already, as a finding on the profile.
    if (error instanceof Error && 'remedy' in error) return 'AAAA'
    throw error
  }
}

/** A request that cannot be written, or that would be refused once the key is made. */
async function requestFindings(template: RequestTemplate): Promise<readonly Finding[]> {
  const blocker = (code: string, message: string, remedy: string): Finding => ({
    area: 'profile',
    severity: 'blocker',
    code,
    message,
    remedy,
  })
  try {
    await checkRequestTemplate(template)
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
    return [blocker(error.code, error.message, error.remedy)]
  }
  const { id, remedy } = POLICY_RULES.subjectLength
  return subjectFaults(encodeName(template.subject)).map((fault) => blocker(id, fault, remedy))
}

/** The form is judged with what the run will add standing in for the real thing. */
function orderFindings(configuration: Configuration): readonly Finding[] {
  const profile = orderForm(configuration)
  const form = {
    ...profile,
    csr: standInRequest(configuration),
    hsmType: 'YUBIKEY',
    keyAttestation: 'AAAA',
    responseFormat: '1',
    showCertificateID: 'Y',
  }
  const also = configuration.flag('sectigo.foreignOrderNumber') ? ORDER_IDENTITY_PARAMETERS : []
  const faults = validateForm(orderTable(form).table, form, { also }).filter(
    ({ parameter }) => !['csr', 'hsmType', 'keyAttestation'].includes(parameter),
  )
  if (faults.length === 0)
    return [
      {
        area: 'order',
        severity: 'ok',
        message: `product ${profile.product} for ${profile.days} days, ${profile.organizationName}`,
      },
    ]
  return faults.map(formFinding)
}
