/** What hosts send to a broker, prepared before a clock starts: keys, requests and evidence, no two alike. */
import { sign } from 'node:crypto'
import { parseNameText } from '../../src/asn1/name.ts'
import type { OrderRequest } from '../../src/broker-client/messages.ts'
import type { Configuration } from '../../src/config/configuration.ts'
import { buildCertificationRequest } from '../../src/csr/build-certification-request.ts'
import { completeOrderForm } from '../../src/enrollment/order-form.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import {
  createYubikeyEvidenceIssuer,
  createYubikeyTestRoot,
  type YubikeyEvidenceIssuer,
  yubikeyPackage,
} from '../../src/sandbox/yubikey/evidence/issuer.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'

/** One request, and the number of the host that sends it. */
export interface HostOrder {
  readonly host: number
  readonly request: OrderRequest
}

/** A YubiKey 5 for each host, under one test root: RSA-2048 in F9, as on every real one. */
export class BenchDevices {
  readonly trustAnchors: readonly TrustAnchor[]
  readonly #devices: readonly YubikeyEvidenceIssuer[]

  constructor(hosts: number) {
    const root = createYubikeyTestRoot()
    const f9Key = testKeyPair('RSA-2048')
    this.#devices = Array.from({ length: hosts }, (_, host) =>
      createYubikeyEvidenceIssuer({ serial: serialOf(host), firmware: '5.7.4', formFactor: 3 }, { root, f9Key }),
    )
    this.trustAnchors = this.#devices[0]?.trustAnchors ?? []
  }

  /** Orders for new P-256 keys, the hosts by turns. `configuration`: a profile with the `order:` section. */
  async orders(count: number, configuration: Configuration): Promise<readonly HostOrder[]> {
    const orders: HostOrder[] = []
    for (let index = 0; index < count; index++)
      orders.push(await this.#order(index % this.#devices.length, configuration))
    return orders
  }

  async #order(host: number, configuration: Configuration): Promise<HostOrder> {
    const device = this.#devices[host]
    if (device === undefined) throw new Error('there is no such host')
    const { spki, privateKey } = testKeyPair('P-256')
    const { der: csr } = await buildCertificationRequest(
      { subject: parseNameText('CN=Example Signing GmbH,O=Example Signing GmbH,L=Utrecht,ST=Utrecht,C=NL') },
      { publicKey: spki, sign: async (hash, data) => sign(hash.replace('-', ''), data, privateKey) },
    )
    const leaf = device.attest({ spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
    const attestation = yubikeyPackage(leaf, device.f9Certificate)
    const run = '2026-11-29-bench'
    const form = completeOrderForm(configuration, { hsmType: 'YUBIKEY', csr, attestation, runId: run, test: false })
    return { host, request: { form, run, attempt: 'a1'.repeat(32), requestedBy: 'operator', version: '0.1.0' } }
  }
}

export const serialOf = (host: number): number => 20_000_001 + host
