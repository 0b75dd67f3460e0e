import { expect } from 'vitest'
import { type Device, DeviceError, type DeviceKey, type HashName, type KeySpec } from '../../devices/device.ts'
import type { Fault } from '../../src/sandbox/http/fault.ts'

/** What may befall one call. Those without `times` strike once; the others outlast every retry. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'the connection drops before the work': { kind: 'drop' },
  'the reply is lost after the work': { kind: 'drop', afterWork: true },
  'the connection drops every time before the work': { kind: 'drop', times: 99 },
  'the reply is lost every time after the work': { kind: 'drop', afterWork: true, times: 99 },
  'HTTP 500 before the work': { kind: 'status', status: 500 },
  'HTTP 503 after the work': { kind: 'status', status: 503, afterWork: true },
  'HTTP 503 every time': { kind: 'status', status: 503, times: 99 },
  'HTTP 502 every time after the work': { kind: 'status', status: 502, afterWork: true, times: 99 },
  'HTTP 429 with Retry-After': { kind: 'status', status: 429, headers: { 'retry-after': '3' } },
  'HTTP 429 every time': { kind: 'status', status: 429, times: 99 },
  'HTTP 401 in the middle of the run': { kind: 'status', status: 401 },
  'HTTP 401 every time': { kind: 'status', status: 401, times: 99 },
  'HTTP 403 every time': { kind: 'status', status: 403, times: 99 },
  'a page of a proxy in place of JSON': { kind: 'status', status: 200, body: '<html>log in</html>' },
  'a reply with nothing in it': { kind: 'status', status: 200, body: {} },
}

export interface Outcome {
  readonly key: DeviceKey
  readonly signature: Uint8Array
  /** Errors of the attempts before the good one. */
  readonly errors: readonly DeviceError[]
}

/**
 * What a run and its resumptions do: find the key or make it, sign, attest. After a failure the fault is gone, as when a person
 * has looked after it, and the run goes on with a newly opened device.
 */
export async function runAndResume(
  open: () => Promise<Device>,
  spec: KeySpec,
  hash: HashName,
  repair: () => void,
): Promise<Outcome> {
  const errors: DeviceError[] = []
  for (let attempt = 1; attempt <= 4; attempt++) {
    const device = await open()
    try {
      const key = (await device.findKey({ label: spec.label, id: spec.id })) ?? (await device.generateKeyPair(spec))
      const signature = await key.sign(hash, Buffer.from('to be signed'))
      await key.attest()
      return { key, signature, errors }
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error
      errors.push(error)
      repair()
    } finally {
      await device.close()
    }
  }
  throw new Error(`no end after four attempts: ${errors.map(({ message }) => message).join(' | ')}`)
}

/** One clear line each, and a known code. */
export function expectClear(error: DeviceError): void {
  for (const line of [error.message, error.remedy]) {
    expect(line).toMatch(/^[\x20-\x7e]{10,700}$/)
    expect(line.trim()).toBe(line)
  }
}
