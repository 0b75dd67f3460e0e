import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { discoverDevices } from '../../devices/open.ts'
import { startDsmDouble } from '../../src/sandbox/fortanix/double.ts'
import { startKmsDouble } from '../../src/sandbox/marvell-google/double.ts'
import { startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runInside } from '../enrollment/run-inside.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'discovery-'))
})
afterEach(() => rm(directory, { recursive: true }))

const FAMILIES = [
  ['FORTANIX', 'fortanix', startDsmDouble],
  ['MARVELL_GOOGLE', 'marvell-google', startKmsDouble],
] as const

describe('`devices PROFILE` for a service', () => {
  it.each(FAMILIES)('%s: shows the service that the profile names and that answers', async (hsmType, device, start) => {
    const double = await start({ directory })
    const rehearsal = await startRehearsal({ directory: join(directory, 'r'), device: double, algorithm: 'P-256' })
    try {
      const command = ['devices', rehearsal.profile, '--hsm-type', hsmType, '--json']
      const end = await runInside(command, { env: rehearsal.environment })
      expect(end.code, end.stderr).toBe(0)
      expect(JSON.parse(end.stdout)).toMatchObject({
        devices: [{ hsmType, uri: expect.stringMatching(new RegExp(`^${device}:`)), obstacles: [] }],
        givenUp: [],
      })
    } finally {
      await rehearsal.close()
    }
  })

  it.each([
    ['FORTANIX', 'fortanix:endpoint=https://127.0.0.1:1', {}],
    ['MARVELL_GOOGLE', 'marvell-google:projects/p/locations/l/keyRings/r', { endpoint: 'https://127.0.0.1:1' }],
  ] as const)('%s: one that does not answer is not shown, and the trail says why', async (hsmType, uri, settings) => {
    const found = await discoverDevices({ uri, settings, hsmTypes: [hsmType] })
    expect(found.get(hsmType)).toMatchObject({
      devices: [],
      trail: [expect.stringContaining('127.0.0.1:1')],
    })
  })

  it.each(FAMILIES)('%s: without a profile there is nothing to ask', async (hsmType) => {
    const found = await discoverDevices({ hsmTypes: [hsmType] })
    expect(found.get(hsmType)).toMatchObject({ devices: [], trail: [expect.stringContaining('specify')] })
  })
})
