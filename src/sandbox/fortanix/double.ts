import { randomBytes } from 'node:crypto'
import type { ServerOptions } from 'node:https'
import { formatDeviceUri } from '../../../devices/device.ts'
import type { DoubleOptions, RunningDouble, StartDouble } from '../double.ts'
import { HttpDouble } from '../http/http-double.ts'
import { DSM_CALLS } from './api-definition.ts'
import { DsmService } from './dsm-service.ts'
import { createFortanixEvidenceIssuer, type FortanixEvidenceIssuer } from './evidence/issuer.ts'

/** A running DSM cluster of software, and its levers: faults, permissions, quorum, the end of a session. */
export interface DsmDouble extends RunningDouble {
  readonly endpoint: string
  readonly http: HttpDouble
  readonly service: DsmService
}

export interface DsmDoubleOptions extends DoubleOptions {
  /** TLS with this key and certificate; plain HTTP on loopback where absent. */
  readonly tls?: ServerOptions
  /** Issue under the root of another double: making three RSA keys takes seconds. */
  readonly issuer?: FortanixEvidenceIssuer
}

export async function startDsmDouble({ tls, ...given }: DsmDoubleOptions): Promise<DsmDouble> {
  const issuer = given.issuer ?? createFortanixEvidenceIssuer({ signedAt: new Date(Date.now() - 60_000) })
  const service = new DsmService(`secret-${randomBytes(24).toString('hex')}`, (kid, spki) =>
    JSON.parse(Buffer.from(issuer.attest({ kid, spki })).toString()),
  )
  const http = new HttpDouble({
    calls: DSM_CALLS,
    answer: (call) => service.answer(call),
    error: (_status, message) => message,
    tls,
  })
  const endpoint = await http.listen()
  return {
    hsmType: 'FORTANIX',
    uri: formatDeviceUri('fortanix', { endpoint, group: service.group }),
    settings: {},
    secrets: { 'api-key': service.sessions.apiKey },
    trustAnchors: issuer.trustAnchors,
    endpoint,
    http,
    service,
    close: () => http.close(),
  }
}

export const startDouble: StartDouble = (options) => startDsmDouble(options)
