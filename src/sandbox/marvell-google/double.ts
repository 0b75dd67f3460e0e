import { writeFile } from 'node:fs/promises'
import type { ServerOptions } from 'node:https'
import { join } from 'node:path'
import type { DoubleOptions, RunningDouble, StartDouble } from '../double.ts'
import { HttpDouble } from '../http/http-double.ts'
import { orClose } from '../or-close.ts'
import { GOOGLE_CALLS, GOOGLE_SYSTEM_PARAMETERS } from './api-definition.ts'
import { createMarvellGoogleEvidenceIssuer, pemOf } from './evidence/issuer.ts'
import { googleErrorBody, KmsService } from './kms-service.ts'

/** A running Cloud KMS of software, and its levers: faults, permissions, pending and failing generation. */
export interface KmsDouble extends RunningDouble {
  readonly endpoint: string
  readonly ring: string
  readonly http: HttpDouble
  readonly service: KmsService
}

export interface KmsDoubleOptions extends DoubleOptions {
  /** TLS with this key and certificate; plain HTTP on loopback where absent. */
  readonly tls?: ServerOptions
}

const RING = 'projects/hsm-enroll-sandbox/locations/europe-west4/keyRings/signing'

/** Writes the key file of a service account into the folder; its token endpoint is the double's own. */
export async function startKmsDouble({ directory, tls }: KmsDoubleOptions): Promise<KmsDouble> {
  const issuer = createMarvellGoogleEvidenceIssuer()
  const { partition, card, ownerPartition, ownerCard } = issuer.certificates
  const service = new KmsService((versionName, spki) => {
    const { content, certChains } = issuer.attest({ versionName, spki })
    return { format: 'CAVIUM_V2_COMPRESSED', content: Buffer.from(content).toString('base64'), certChains }
  })
  service.keyRings.add(RING)
  const http = new HttpDouble({
    calls: GOOGLE_CALLS,
    systemParameters: GOOGLE_SYSTEM_PARAMETERS,
    answer: (call) => service.answer(call),
    error: (status, message) => googleErrorBody(status, message),
    tls,
  })
  const endpoint = await http.listen()
  const credentialsFile = join(directory, 'service-account.json')
  await orClose(http, () =>
    writeFile(credentialsFile, JSON.stringify(service.tokens.keyFile(endpoint)), { mode: 0o600 }),
  )
  return {
    hsmType: 'MARVELL_GOOGLE',
    uri: `marvell-google:${RING}`,
    settings: { endpoint, credentialsFile },
    secrets: {},
    trustAnchors: issuer.trustAnchors,
    certChains: pemOf([partition, card, ownerPartition, ownerCard]),
    endpoint,
    ring: RING,
    http,
    service,
    close: () => http.close(),
  }
}

export const startDouble: StartDouble = (options) => startKmsDouble(options)
