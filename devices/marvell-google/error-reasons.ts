import { isJsonObject, type JsonObject } from '../http/json-fields.ts'
import { LATER, type Meaning } from '../http/refused-call.ts'

/**
 * Why a call was refused, beyond the status: `google.rpc.ErrorInfo.reason` of the domain googleapis.com (google/api/error_reason.proto),
 * and two that only the rest of the reply shows. What is not here (IAM_PERMISSION_DENIED among it) is a matter of the status.
 */
export interface ErrorReason {
  readonly reason: string
  readonly meaning: Meaning
}

/** What a remedy names: the service and the project that refused, where the reply says so. */
interface Names {
  readonly service: string
  readonly project: string
}

type Row = (names: Names) => Meaning

const refused =
  (remedy: (names: Names) => string): Row =>
  (names) => ({ code: 'device.refused', remedy: remedy(names) })
const credential =
  (remedy: string): Row =>
  () => ({ code: 'credential.refused', remedy })
const always =
  (meaning: Meaning): Row =>
  () =>
    meaning

const LOG_IN = 'Renew the credential (gcloud auth application-default login, or the key file).'

// biome-ignore format: a table, a row a line
const REASONS: Readonly<Record<string, Row>> = {
  SERVICE_DISABLED: refused(({ service, project }) => `Enable the API, then wait a few minutes: \`gcloud services enable ${service} --project ${project}\`.`),
  SERVICE_NOT_VISIBLE: refused(({ service, project }) => `Ask whoever manages ${project} to allow ${service} there.`),
  BILLING_DISABLED: refused(({ project }) => `Link a billing account, then wait a few minutes: \`gcloud billing projects link ${project} --billing-account ACCOUNT\`.`),
  CONSUMER_SUSPENDED: refused(({ project }) => `Google has suspended ${project}: ask its owner, or Google Cloud support.`),
  CONSUMER_INVALID: refused(({ project }) => `Correct the project: ${project} is not one that can use the API (check the key ring's project, and the credential's quota project).`),
  GCP_SUSPENDED: refused(() => 'Google has suspended the account: ask its administrator, or Google Cloud support.'),
  USER_PROJECT_DENIED: refused(({ project }) => `Grant the account serviceusage.services.use on ${project}, or change the quota project: \`gcloud auth application-default set-quota-project PROJECT\`.`),
  RESOURCE_PROJECT_INVALID: refused(() => 'Correct the project in the device URI.'),
  VPC_SERVICE_CONTROLS: refused(() => 'A VPC Service Controls perimeter forbids it: run from inside the perimeter, or have an ingress rule added for this account. The identifier in the message finds the entry in the audit log.'),
  SECURITY_POLICY_VIOLATED: refused(() => 'A security policy of the organization (such as VPC Service Controls) forbids it: run from inside the perimeter, or have the policy changed.'),
  ORG_POLICY: refused(() => 'A policy of the organization forbids it: choose what the constraint in the message allows (another location, another protection level), or have the policy changed.'),
  LOCATION_POLICY_VIOLATED: refused(() => 'The organization forbids this location (constraints/gcp.resourceLocations): choose a key ring in a location that it allows.'),
  LOCATION_TAX_POLICY_VIOLATED: refused(() => 'Choose a key ring in a location that the account may use.'),
  RESOURCE_USAGE_RESTRICTION_VIOLATED: refused(({ service }) => `The organization forbids ${service} (constraints/gcp.restrictServiceUsage): have it allowed, or use another project.`),
  ORG_RESTRICTION_VIOLATION: refused(() => 'An organization restriction of the network (X-Goog-Allowed-Resources) forbids this project: use one of the organization, or another network.'),
  ORG_RESTRICTION_HEADER_INVALID: refused(() => 'The proxy of the network sends a malformed X-Goog-Allowed-Resources header: have it corrected.'),
  RATE_LIMIT_EXCEEDED: always({ ...LATER, remedy: 'Wait a minute for the quota of Cloud KMS, then resume the run.' }),
  RESOURCE_QUOTA_EXCEEDED: refused(({ project }) => `Ask for a higher quota of Cloud KMS in ${project}.`),
  ACCESS_TOKEN_EXPIRED: credential('Get a new access token, then resume the run.'),
  ACCESS_TOKEN_SCOPE_INSUFFICIENT: credential('Get an access token with the scope https://www.googleapis.com/auth/cloudkms (or cloud-platform).'),
  ACCESS_TOKEN_TYPE_UNSUPPORTED: credential('Use an OAuth access token, not an ID token: `gcloud auth print-access-token`.'),
  ACCOUNT_STATE_INVALID: credential('The account is disabled or deleted: have it enabled, or use another.'),
  USER_BLOCKED_BY_ADMIN: credential('An administrator has blocked the account for this API: ask there.'),
  CREDENTIALS_MISSING: credential(LOG_IN),
  KEY_PENDING_GENERATION: always({ ...LATER, remedy: 'The HSM is still generating: resume the run in a minute; the key is found again by its name.' }),
}

/** The reason of an error reply; undefined where it has none, or one of no row. */
export function readErrorReason(error: JsonObject): ErrorReason | undefined {
  const details = Array.isArray(error.details) ? error.details.filter(isJsonObject) : []
  const info = details.find((detail) => detail['@type'] === 'type.googleapis.com/google.rpc.ErrorInfo')
  const metadata = isJsonObject(info?.metadata) ? info.metadata : {}
  const message = typeof error.message === 'string' ? error.message : ''
  // The details say which policy; the reason beside them is one for all.
  const reason = reasonOfPolicy(details, message) ?? String(info?.reason ?? '')
  if (!Object.hasOwn(REASONS, reason)) return undefined
  const names = {
    service: nameIn(metadata.service, /^[a-z0-9.-]{1,100}$/) ?? 'cloudkms.googleapis.com',
    project: nameIn(metadata.consumer, /^projects\/[a-z0-9:.-]{1,100}$/)?.slice('projects/'.length) ?? 'PROJECT',
  }
  const meaning = REASONS[reason]?.(names)
  return meaning === undefined ? undefined : { reason, meaning }
}

const nameIn = (value: unknown, form: RegExp): string | undefined =>
  typeof value === 'string' && form.test(value) ? value : undefined

/** google.rpc.PreconditionFailure: its violations are of a type. Older replies have the words alone. */
function reasonOfPolicy(details: readonly JsonObject[], message: string): string | undefined {
  const types = details
    .filter((detail) => detail['@type'] === 'type.googleapis.com/google.rpc.PreconditionFailure')
    .flatMap(({ violations }) => (Array.isArray(violations) ? violations.filter(isJsonObject) : []))
    .map(({ type }) => String(type))
  if (types.includes('VPC_SERVICE_CONTROLS') || /vpcServiceControlsUniqueIdentifier/.test(message))
    return 'VPC_SERVICE_CONTROLS'
  const constraint = [...types, message].find((text) => /\bconstraints\/|\borg(anization)? policy\b/i.test(text))
  if (constraint !== undefined)
    return /gcp\.resourceLocations/.test(`${types} ${message}`) ? 'LOCATION_POLICY_VIOLATED' : 'ORG_POLICY'
  return /\bPENDING_GENERATION\b/.test(message) ? 'KEY_PENDING_GENERATION' : undefined
}
