/** Yubico's own Python client against the double: its device tests, and an enrolment of its own. See README.md. */

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { yubihsm2 } from '../../../src/attestation/yubihsm2/verify.ts'
import { startYubiHsm2Double } from '../../../src/sandbox/yubihsm2/double.ts'
import type { PersonalityName } from '../../../src/sandbox/yubihsm2/personality.ts'

const run = promisify(execFile)
const MINUTES = 60_000

/** Where run.sh has put the client and its tests. */
const at = process.env.HSM_ENROLL_TEST_PYTHON_YUBIHSM ?? ''

interface Outcome {
  readonly passed: number
  readonly skipped: readonly string[]
  /** Failures and errors. */
  readonly failed: readonly string[]
}

function readOutcome(junit: string): Outcome {
  const cases = [...junit.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)]
  const named = cases.map(([, group = '', name = '', body = '']) => ({
    name: `${group.split('.').at(-1)}: ${name}`,
    body,
  }))
  const failed = named.filter(({ body }) => body.includes('<failure') || body.includes('<error'))
  const skipped = named.filter(({ body }) => body.includes('<skipped'))
  return {
    passed: named.length - failed.length - skipped.length,
    skipped: skipped.map(({ name }) => name),
    failed: failed.map(({ name }) => name),
  }
}

async function deviceTests(personality: PersonalityName, files: readonly string[]): Promise<Outcome> {
  const double = await startYubiHsm2Double({ personality })
  const folder = mkdtempSync(join(tmpdir(), 'python-yubihsm-'))
  const report = join(folder, 'report.xml')
  const tests = files.map((file) => join(at, 'tests/device', file))
  const options = ['-q', '-p', 'quick', '-p', 'no:cacheprovider', `--rootdir=${at}`, `--junitxml=${report}`]
  try {
    const python = join(at, 'venv/bin/python')
    await run(python, ['-m', 'pytest', ...options, '--backend', double.connectorUrl, ...tests], {
      env: { ...process.env, PYTHONPATH: import.meta.dirname, PYTHONDONTWRITEBYTECODE: '1' },
      timeout: 5 * MINUTES,
      maxBuffer: 1 << 26,
    }).catch((error: { readonly code?: unknown }) => {
      // 1: some tests failed; the report says which.
      if (error.code !== 1) throw error
    })
    return readOutcome(readFileSync(report, 'utf8'))
  } finally {
    await double.close()
    rmSync(folder, { recursive: true })
  }
}

const FIPS_ONLY = [
  'test_attestation: test_fips_approved_attestation',
  'TestFipsOptions: test_set_in_fips_mode',
  'TestFipsOptions: test_fips_mode_disables_algorithms',
  'TestFipsOptions: test_enabling_algorithms_in_fips_mode',
]

describe('python-yubihsm', () => {
  it('opens a session, generates, signs and attests; what it attests is genuine', {
    timeout: 2 * MINUTES,
  }, async () => {
    const double = await startYubiHsm2Double()
    try {
      const script = join(import.meta.dirname, 'attest.py')
      const { stdout } = await run(join(at, 'venv/bin/python'), ['-B', script, double.connectorUrl], {
        maxBuffer: 1 << 24,
      })
      const keys: readonly Readonly<Record<string, unknown>>[] = JSON.parse(stdout)
      expect(keys.map(({ algorithm, capabilities }) => [algorithm, capabilities])).toEqual([
        ['RSA_3072', 0x20],
        ['EC_P384', 0x80],
      ])
      for (const key of keys) {
        const evidence = Buffer.from(String(key.package))
        const verdict = yubihsm2.verify(evidence, { trustAnchors: double.trustAnchors, now: Date.now() })
        expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
        expect(verdict).toMatchObject({ genuine: true, device: { serial: String(key.serial) } })
        expect(Buffer.from(verdict.spki ?? []).toString('hex')).toBe(key.spki)
      }
      expect(double.device.sessions.open).toBe(0)
    } finally {
      await double.close()
    }
  })

  it('passes its own device tests, all but those for FIPS devices, on firmware 2.4', {
    timeout: 6 * MINUTES,
  }, async () => {
    const { passed, skipped, failed } = await deviceTests('2.4', [''])
    expect(failed).toEqual([])
    expect([...skipped].sort()).toEqual([...FIPS_ONLY].sort())
    expect(passed).toBeGreaterThanOrEqual(306)
  })

  it('passes its FIPS tests on firmware 2.4.1 FIPS', { timeout: 3 * MINUTES }, async () => {
    const files = ['test_basic.py', 'test_attestation.py::test_fips_approved_attestation']
    const { passed, skipped, failed } = await deviceTests('2.4-fips', files)
    expect({ skipped, failed }).toEqual({ skipped: [], failed: [] })
    expect(passed).toBeGreaterThanOrEqual(13)
  })

  it('passes what applies to firmware 2.2 FIPS', { timeout: 3 * MINUTES }, async () => {
    const files = [
      'test_basic.py',
      'test_auth.py',
      'test_logs.py',
      'test_opaque.py',
      'test_delete.py',
      'test_reset.py',
      'test_hmac.py',
    ]
    const { skipped, failed } = await deviceTests('2.2-fips', files)
    expect(failed).toEqual([])
    expect(skipped).toEqual([
      'TestDevicePublicKey: test_get_device_public_key',
      'TestAymmetricAuthenticationKey: test_put_public_key',
      'TestAymmetricAuthenticationKey: test_change_public_key',
      'TestAymmetricAuthenticationKey: test_cached_device_public_key',
      'test_delete: test_symmetric_key',
    ])
  })
})
