import { type DeviceDescription, DeviceError, type Obstacle } from '../device.ts'
import { isJsonObject, JsonFields } from '../http/json-fields.ts'
import { CAPABILITIES } from './algorithms.ts'
import type { DsmClient } from './dsm-client.ts'
import { dsmError, PERMISSIONS } from './dsm-error.ts'
import type { FortanixSettings } from './settings.ts'

interface Version {
  readonly version: string
  readonly apiVersion: string
  readonly serverMode: string
  /** Absent: the server does not run in FIPS mode. */
  readonly fipsLevel?: number
}

/** What the cluster says of itself and what would stop an enrolment. A refused login is an obstacle here and not an error. */
export async function describeDsm(client: DsmClient, settings: FortanixSettings): Promise<DeviceDescription> {
  const version = await readVersion(client)
  const login = await findLoginObstacles(client, settings)
  return {
    hsmType: 'FORTANIX',
    vendor: 'Fortanix',
    model: 'Data Security Manager',
    firmware: version.version,
    fips: version.fipsLevel === undefined ? 'not-certified' : 'certified',
    uri: settings.uri,
    capabilities: CAPABILITIES,
    obstacles: [...findServerObstacles(version, settings), ...login],
    details: {
      endpoint: settings.endpoint,
      group: settings.group ?? "the app's default group",
      'API version': version.apiVersion,
      'server mode': version.serverMode,
      'FIPS level (as the server says)': version.fipsLevel === undefined ? 'none' : String(version.fipsLevel),
    },
  }
}

async function readVersion(client: DsmClient): Promise<Version> {
  const reply = await client.callOpenly('/sys/v1/version')
  if (!reply.ok) throw dsmError('Version', 'read the version of DSM', reply, client.http.redaction)
  const fields = new JsonFields(reply.json(), 'the version')
  const fipsLevel = fields.optionalNumber('fips_level')
  return {
    version: fields.text('version'),
    apiVersion: fields.text('api_version'),
    serverMode: fields.text('server_mode'),
    ...(fipsLevel === undefined ? {} : { fipsLevel }),
  }
}

function findServerObstacles({ serverMode }: Version, { saas }: FortanixSettings): readonly Obstacle[] {
  const obstacles: Obstacle[] = []
  if (serverMode !== 'Sgx') {
    obstacles.push({
      severity: 'blocker',
      code: 'key.not-attestable',
      message: `The server runs in mode "${serverMode}", without the hardware that attests keys.`,
      remedy: 'Use a DSM cluster that runs on FX2200 appliances (DSM SaaS).',
    })
  }
  if (!saas) {
    obstacles.push({
      severity: 'warning',
      code: 'key.not-attestable',
      message: 'Key attestation is documented for DSM SaaS; whether a cluster of one’s own offers it is not published.',
      remedy: 'Try a run with --test, or ask Fortanix.',
    })
  }
  return obstacles
}

async function findLoginObstacles(client: DsmClient, settings: FortanixSettings): Promise<readonly Obstacle[]> {
  try {
    await client.session.headers()
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    return [{ severity: 'blocker', code: error.code, message: error.message, remedy: error.remedy }]
  }
  return findMissingPermissions(await readPermissions(client), settings)
}

type GroupPermissions = ReadonlyMap<string, readonly string[]>

/** Group -> the app's permissions in it (App.groups of the API); undefined where the app may not read itself. */
async function readPermissions(client: DsmClient): Promise<GroupPermissions | undefined> {
  const { entityId } = client.session
  if (entityId === undefined) return undefined
  const reply = await client.call({
    method: 'GET',
    path: `/sys/v1/apps/${encodeURIComponent(entityId)}`,
    repeatable: true,
  })
  const app = reply.ok ? reply.jsonOrNothing() : undefined
  if (!isJsonObject(app) || !isJsonObject(app.groups)) return undefined
  return new Map(
    Object.entries(app.groups).flatMap(([group, permissions]) =>
      Array.isArray(permissions) ? [[group.toLowerCase(), permissions.filter((it) => typeof it === 'string')]] : [],
    ),
  )
}

/** Each row: one of these permissions is enough. */
const NEEDED = [
  { call: 'CreateSobject', anyOf: ['CREATE_SOBJECTS', 'MANAGE'] },
  { call: 'Sign', anyOf: ['SIGN'] },
] as const

function findMissingPermissions(
  groups: GroupPermissions | undefined,
  { group }: FortanixSettings,
): readonly Obstacle[] {
  const permissions = group === undefined ? undefined : groups?.get(group)
  if (permissions === undefined) return []
  return NEEDED.filter(({ anyOf }) => !anyOf.some((name) => permissions.includes(name))).map(({ call, anyOf }) => ({
    severity: 'blocker',
    code: 'device.refused',
    message: `The app lacks the permission ${anyOf.join(' or ')} in the group ${group}.`,
    remedy: `Give the app: ${PERMISSIONS[call]}.`,
  }))
}
