import { DeviceError } from '../../../devices/device.ts'
import { encodeName, formatName } from '../../asn1/name.ts'
import { readBrokerPlace } from '../../broker-client/open-broker.ts'
import { configuredTrustAnchors } from '../../check/configured.ts'
import { subjectFaults } from '../../check/policy/evaluate-policy.ts'
import { POLICY_RULES } from '../../check/policy/policy-rules.ts'
import type { Configuration } from '../../config/configuration.ts'
import { knowledgeInForce } from '../../config/knowledge-in-force.ts'
import { adviceOnConfiguredKey, checkConfiguredDevice } from '../../config/open-configured-device.ts'
import { isAcme, isBrokered } from '../../config/order-route.ts'
import { orderForm, requestTemplate } from '../../config/profile.ts'
import { readInput } from '../../config/read-input.ts'
import { type OpenSecret, openSecrets, promptedSecrets, secretFaults } from '../../config/secret-faults.ts'
import type { SecretReading } from '../../config/secret-source.ts'
import { environmentName } from '../../config/settings.ts'
import { checkRequestTemplate, type RequestTemplate } from '../../csr/build-certification-request.ts'
import { EnrollError } from '../../errors.ts'
import type { HsmType } from '../../hsm-type.ts'
import { isoDay } from '../../iso-day.ts'
import { readBaseUrl } from '../../sectigo/http/endpoint-url.ts'
import { readCaFile } from '../../sectigo/http/root-certificates.ts'
import { ORDER_IDENTITY_PARAMETERS } from '../../sectigo/parameters/auto-apply-order-document-signing.ts'
import { orderTable } from '../../sectigo/parameters/order-table.ts'
import { validateForm } from '../../sectigo/parameters/validate-form.ts'
import { attestationWish } from '../request-attestation.ts'
import type { RunState } from '../run-event.ts'
import { type Finding, formFinding, obstacleFinding } from './finding.ts'
import { profileFindings } from './known-findings.ts'
import { missingSecrets } from './missing-secrets.ts'
import { standInRequest } from './stand-in-request.ts'

/** A finding; a blocker with the error that it is where a run is asked for. */
export interface Judged {
  readonly finding: Finding
  readonly error?: EnrollError | DeviceError
}

/**
 * What can be judged of a profile without a device, a PIN or a byte sent: `hsm-enroll plan`. What an operator can mend is a finding.
 *
 * @param reading - Where secrets come from here and now; sources are looked at, never used up.
 * @throws Nothing that an operator can mend.
 * @example
 * ```ts
 * const configuration = await loadConfiguration({ profile: 'signing.yaml' })
 * const findings: readonly Finding[] = await planFindings(configuration, { env: process.env })
 * const ready = findings.every(({ severity }) => severity !== 'blocker')
 * ```
 */
export async function planFindings(configuration: Configuration, reading: SecretReading): Promise<readonly Finding[]> {
  return (await judgeProfile(configuration, reading)).map(({ finding }) => finding)
}

/** The same, with the errors. `until`: the state before an order in which the run ends; the CA's login is none of its business then. */
export async function judgeProfile(
  configuration: Configuration,
  reading: SecretReading,
  until?: RunState,
): Promise<readonly Judged[]> {
  const judged: Judged[] = []
  const attempt = async (what: () => string | Promise<string>): Promise<void> => {
    try {
      judged.push({ finding: { area: 'profile', severity: 'ok', message: await what() } })
    } catch (error) {
      judged.push(blocker(error))
    }
  }
  let hsmType: HsmType | undefined
  await attempt(async () => {
    hsmType = await checkConfiguredDevice(configuration)
    return `${hsmType} at ${configuration.required('device.uri')}`
  })
  let template: RequestTemplate | undefined
  // A key alone needs no request; one that the profile asks for must be one that the CA would take.
  if (until !== 'key-generated' || configuration.text('request.subject') !== undefined)
    await attempt(() => {
      template = requestTemplate(configuration)
      if (hsmType !== undefined) attestationWish(configuration)
      return `a ${configuration.text('key.algorithm')} key for ${formatName(template.subject)}`
    })
  const request = template === undefined ? [] : await judgeRequest(template)
  judged.push(...request)
  const acme = isAcme(configuration)
  // What a broker wants is said below.
  if (until === undefined && !acme && !isBrokered(configuration))
    for (const path of LOGIN)
      if (configuration.text(path) === undefined) judged.push(withoutSource(path, reading.prompt !== undefined))
  for (const path of await missingSecrets(configuration)) judged.push(withoutSource(path, reading.prompt !== undefined))
  const section = until === undefined ? undefined : 'device'
  judged.push(...(await secretFaults(configuration, reading, section)).map(blocker))
  judged.push(...(await openSecrets(configuration, section)).map(openSecret))
  if (until === undefined && acme) {
    const { judgeAcme } = await import('./judge-acme.ts')
    await judgeAcme(configuration, { hsmType, template }, attempt)
  }
  if (until === undefined && !acme) {
    await attempt(async () =>
      isBrokered(configuration)
        ? `orders through the broker ${(await readBrokerPlace(configuration)).url.host}`
        : `orders at ${readBaseUrl(configuration.required('sectigo.endpoint')).host}`,
    )
    const caFile = configuration.text('sectigo.caFile')
    if (caFile !== undefined) await attempt(() => `${readCaFile(caFile) && 'TLS also trusts'} ${caFile}`)
  }
  if (until === undefined)
    await configuredTrustAnchors(configuration, readInput).catch((error: unknown) => judged.push(blocker(error)))
  if (hsmType !== undefined && acme) judged.push(...(await judgeByTables(configuration, hsmType)))
  if (acme) return judged
  const writable = template !== undefined && !request.some(({ error }) => error !== undefined)
  const csr = writable && template !== undefined ? await standInRequest(template, configuration) : undefined
  judged.push(...judgeOrder(configuration, csr, until))
  if (hsmType !== undefined) judged.push(...(await judgeByTables(configuration, hsmType)))
  return judged
}

const LOGIN = ['sectigo.loginName', 'sectigo.loginPassword']

async function judgeByTables(configuration: Configuration, hsmType: HsmType): Promise<readonly Judged[]> {
  try {
    const known = { day: isoDay(Date.now()), knowledge: await knowledgeInForce(configuration) }
    const advice = (await adviceOnConfiguredKey(configuration)).map(obstacleFinding)
    return [...profileFindings(configuration, hsmType, known), ...advice].map((finding) => ({ finding }))
  } catch (error) {
    return [blocker(error)]
  }
}

/** What an operator can mend is a finding; anything else is thrown again. */
export function blocker(error: unknown): Judged {
  if (!(error instanceof EnrollError) && !(error instanceof DeviceError)) throw error
  const { code, message, remedy } = error
  return { finding: { area: 'profile', severity: 'blocker', code, message, remedy }, error }
}

function withoutSource(path: string, asked: boolean): Judged {
  const code = 'config.missing'
  const message = `${path} has no source`
  const remedy = `Set one in the profile or in ${environmentName(path)}`
  if (!asked)
    return blocker(new EnrollError(code, `${message}, and this session is not interactive`, { remedy: `${remedy}.` }))
  const finding = {
    area: 'profile',
    severity: 'warning',
    code,
    message,
    remedy: `${remedy}; otherwise hsm-enroll asks for it, at a terminal.`,
  } as const
  return { finding }
}

/**
 * What is said, where nobody can be asked, of secrets that a person types: `plan` needs none of them, and the profile is as good at a
 * terminal as any.
 */
export function unaskedFindings(configuration: Configuration): readonly Finding[] {
  const typed = promptedSecrets(configuration)
  if (typed.length === 0) return []
  return [
    {
      area: 'profile',
      severity: 'warning',
      code: 'config.secret',
      message: `${typed.join(', ')}: asked for at a terminal, and this session has none`,
      remedy: 'Enrol in a terminal, or specify other sources: file:, env:, credential: or exec:.',
    },
  ]
}

const openSecret = ({ setting, file, mode }: OpenSecret): Judged => ({
  finding: {
    area: 'profile',
    severity: 'warning',
    code: 'config.secret-open',
    message: `others can read or change the secret of ${setting}: ${file} has ${mode}`,
    remedy: `Keep it to its owner: chmod 600 '${file.replaceAll("'", "'\\''")}'.`,
  },
})

/** A request that cannot be written, or that would be refused once the key is made. */
async function judgeRequest(template: RequestTemplate): Promise<readonly Judged[]> {
  try {
    await checkRequestTemplate(template)
  } catch (error) {
    return [blocker(error)]
  }
  const { id: code, remedy } = POLICY_RULES.subjectLength
  return subjectFaults(encodeName(template.subject)).map((message) =>
    blocker(new EnrollError(code, message, { remedy })),
  )
}

/** The form is judged with what the run will add standing in for the real thing; of a run that ends before it, its request alone. */
function judgeOrder(
  configuration: Configuration,
  csr: string | undefined,
  until: RunState | undefined,
): readonly Judged[] {
  if (until !== undefined && csr === undefined) return []
  const profile = orderForm(configuration)
  const form = {
    ...profile,
    csr: csr ?? 'AAAA',
    hsmType: 'YUBIKEY',
    keyAttestation: 'AAAA',
    responseFormat: '1',
    showCertificateID: 'Y',
  }
  const also = configuration.flag('sectigo.foreignOrderNumber') ? ORDER_IDENTITY_PARAMETERS : []
  const faults = validateForm(orderTable(form).table, form, { also }).filter(
    ({ parameter }) => !STANDS_IN.includes(parameter) && (until === undefined || parameter === 'csr'),
  )
  if (faults.length === 0) {
    if (until !== undefined) return []
    const message = `product ${profile.product} for ${profile.days} days, ${profile.organizationName}`
    return [{ finding: { area: 'order', severity: 'ok', message } }]
  }
  return faults.map((fault) => {
    const { severity, detail, remedy } = fault
    const finding = formFinding(fault)
    if (severity === 'warn') return { finding }
    const message = `Could not start: the order form would be refused: ${detail}`
    return { finding, error: new EnrollError('order.form', message, { remedy }) }
  })
}

const STANDS_IN: readonly string[] = ['hsmType', 'keyAttestation']
