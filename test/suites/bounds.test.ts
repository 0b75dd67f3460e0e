/** What inputs within the CA's bound of 32,767 base64 characters may cost, as work that is counted. `npm run bench:bounds` measures it. */
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { VERIFIERS } from '../../src/attestation/verifiers.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer, yubikeyPackage } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import { HOSTILE_READINGS, type HostileReading, STATEMENT } from './hostile-readers.ts'
import { PACKAGE_BYTES, TEXT_CHARACTERS } from './hostile-shapes.ts'
import { type Work, workOf } from './work-meter.ts'

const read = vi.hoisted(() => ({ der: 0, certificates: 0 }))

vi.mock('../../src/asn1/der.ts', async (original) => {
  const der = await original<typeof import('../../src/asn1/der.ts')>()
  const readDer: typeof der.readDer = (source, limits) => {
    read.der += source.length
    return der.readDer(source, limits)
  }
  return { ...der, readDer }
})

vi.mock('../../src/asn1/certificate.ts', async (original) => {
  const certificate = await original<typeof import('../../src/asn1/certificate.ts')>()
  const parseCertificate: typeof certificate.parseCertificate = (...given) => {
    read.certificates++
    return certificate.parseCertificate(...given)
  }
  return { ...certificate, parseCertificate }
})

/** Work of the runtime and of our own readers. */
interface Cost extends Work {
  /** Octets given to the DER reader, which goes over them once. */
  readonly der: number
  readonly certificates: number
}

/** The most that one call may cost, whatever it is given. */
const MOST: Cost = {
  // Eight on a path, the statement's own, and an anchor's.
  signatures: 10,
  // A request is verified once under its own key, which OpenSSL bounds: 3,072 bits and an exponent of as many.
  rsa: 28_000,
  keys: 10,
  // Two files of a zip at their bound.
  unpacked: 1 << 19,
  // A package of JSON is opened, judged, and looked through for what other tools make of its certificates.
  json: 6 * TEXT_CHARACTERS,
  // `explain` asks six families, and each goes over a package a few times.
  der: 24 * PACKAGE_BYTES,
  certificates: 24,
}

function costOf({ make, read: call }: HostileReading): Cost {
  const bytes = make()
  Object.assign(read, { der: 0, certificates: 0 })
  const work = workOf(() => call(bytes))
  return { ...work, ...read }
}

const NOW = Date.parse('2026-11-22T00:00:00Z')
const PARTS = ['signatures', 'rsa', 'keys', 'unpacked', 'json', 'der', 'certificates'] as const

describe('bounds', () => {
  it.each(HOSTILE_READINGS)('%s: a fixed amount of work at most, and typed refusals', (_, readings) => {
    const above = readings.flatMap((reading) => {
      const cost = costOf(reading)
      return PARTS.filter((part) => cost[part] > MOST[part]).map((part) => `${reading.name}: ${part} ${cost[part]}`)
    })
    expect(above).toEqual([])
  })

  it('are counted: a genuine pair costs two signatures, a statement its unpacked length', () => {
    const device = createYubikeyEvidenceIssuer({ serial: 7, firmware: '5.4.3', formFactor: 1 }, { keyType: 'P-256' })
    const { spki } = testKeyPair('P-256')
    const leaf = device.attest({ spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
    const genuine = (bytes: Uint8Array): void => {
      expect(VERIFIERS.YUBIKEY.verify(bytes, { trustAnchors: device.trustAnchors, now: NOW }).genuine).toBe(true)
    }
    const pair = costOf({ name: 'pair', make: () => yubikeyPackage(leaf, device.f9Certificate), read: genuine })
    expect(pair).toMatchObject({ signatures: 2, unpacked: 0, certificates: 2 })
    expect(pair.der).toBeGreaterThanOrEqual(leaf.length + device.f9Certificate.length)
    const { unpacked } = costOf({
      name: 'statement',
      make: () => STATEMENT,
      read: (bytes) => VERIFIERS.MARVELL_GOOGLE.verify(bytes, { trustAnchors: [], now: NOW }),
    })
    expect(unpacked).toBe(gunzipSync(STATEMENT).length)
  })

  it('are tried at the length that the CA allows', () => {
    const [shapes] = HOSTILE_READINGS.map(([, readings]) => readings)
    const lengths = (shapes ?? []).map(({ make }) => make().length)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(TEXT_CHARACTERS)
    expect(lengths.filter((length) => length > 20_000).length).toBeGreaterThan(25)
  })
})
