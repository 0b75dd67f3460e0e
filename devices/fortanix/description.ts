import { type DeviceDescription, DeviceError } from '../device.ts'
import { isJsonObject, JsonFields } from '../http/json-fields.ts'
import { blocker, type Obstacle, obstacles, warning } from '../obstacle.ts'
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
  const text = (name: string): string => client.http.redaction.clean(fields.text(name)).slice(0, 60)
  return {
    version: text('version'),
    apiVersion: text('api_version'),
    serverMode: text('server_mode'),
    fipsLevel: fields.optionalNumber('fips_level'),
  }
}

function findServerObstacles({ serverMode }: Version, { saas }: FortanixSettings): readonly Obstacle[] {
  return obstacles(
    serverMode !== 'Sgx' &&
      blocker(
        'key.not-attestable',
        `The server runs in mode "${serverMode}", without the hardware that attests keys.`,
        'Use a DSM cluster that runs on FX2200 appliances (DSM SaaS).',
        'attestation',
      ),
    !saas &&
      warning(
        'key.not-attestable',
        'Key attestation is documented for DSM SaaS; whether your own cluster offers it is not published.',
        'Rehearse with --test, or ask Fortanix.',
      ),
  )
}

async function findLoginObstacles(client: DsmClient, settings: FortanixSettings): Promise<readonly Obstacle[]> {
  try {
    await client.session.headers()
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    return [blocker(error.code, error.message, error.remedy)]
  }
  return findGroupObstacles(await readApp(client), settings)
}

interface App {
  /** Group -> the app's permissions in it; undefined where DSM does not tell them. */
  readonly groups: ReadonlyMap<string, readonly string[] | undefined>
  readonly defaultGroup?: string
}

/** Undefined where the app may not read itself. Without `group_permissions` DSM lists the groups alone (AppGroups of the API). */
async function readApp(client: DsmClient): Promise<App | undefined> {
  const { entityId } = client.session
  if (entityId === undefined) return undefined
  const path = `/sys/v1/apps/${encodeURIComponent(entityId)}?group_permissions=true`
  const reply = await client.call({ method: 'GET', path, repeatable: true })
  const app = reply.ok ? reply.jsonOrNothing() : undefined
  if (!isJsonObject(app)) return undefined
  const groups = readGroups(app.groups)
  if (groups === undefined) return undefined
  const defaultGroup = typeof app.default_group === 'string' ? app.default_group.toLowerCase() : undefined
  return { groups, defaultGroup }
}

function readGroups(groups: unknown): App['groups'] | undefined {
  if (Array.isArray(groups)) return new Map(groups.filter(isText).map((group) => [group.toLowerCase(), undefined]))
  if (!isJsonObject(groups)) return undefined
  return new Map(
    Object.entries(groups).map(([group, permissions]) => [
      group.toLowerCase(),
      Array.isArray(permissions) ? permissions.filter(isText) : undefined,
    ]),
  )
}

const isText = (value: unknown): value is string => typeof value === 'string'

/** Each row: one of these permissions is enough. */
const NEEDED = [
  { call: 'CreateSobject', anyOf: ['CREATE_SOBJECTS', 'MANAGE'] },
  { call: 'Sign', anyOf: ['SIGN'] },
] as const

function findGroupObstacles(app: App | undefined, settings: FortanixSettings): readonly Obstacle[] {
  const group = settings.group ?? app?.defaultGroup
  if (app === undefined || group === undefined) return []
  if (!app.groups.has(group)) {
    const place = settings.group === undefined ? 'its default group' : `the group ${group}`
    return [
      blocker(
        'device.refused',
        `The app is not a member of ${place}.`,
        'Add the app to the group in DSM, or correct group.',
      ),
    ]
  }
  const permissions = app.groups.get(group)
  if (permissions === undefined) return []
  return NEEDED.filter(({ anyOf }) => !anyOf.some((name) => permissions.includes(name))).map(({ call, anyOf }) =>
    blocker(
      'device.refused',
      `The app lacks the permission ${anyOf.join(' or ')} in the group ${group}.`,
      `Grant the app: ${PERMISSIONS[call]}.`,
    ),
  )
}
