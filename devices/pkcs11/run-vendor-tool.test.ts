import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runVendorTool } from './run-vendor-tool.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vendor-tool-'))
})
afterAll(() => rm(folder, { recursive: true }))

let count = 0
async function tool(script: string): Promise<string> {
  const file = join(folder, `tool-${++count}`)
  await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o700 })
  return file
}

describe("a vendor's tool", () => {
  it('gets its PIN by standard input, and no secret by the environment', async () => {
    process.env.PLANTED_PIN = 'planted-in-env'
    process.env.NFAST_PLACE = 'kept'
    try {
      const { output } = await runVendorTool(await tool('read pin; echo "[$pin]"; env'), [], {
        secretLine: 'so-secret',
      })
      expect(output).toContain('[[redacted]]')
      expect(output).toContain('NFAST_PLACE=kept')
      expect(output).not.toMatch(/so-secret|planted-in-env/)
    } finally {
      delete process.env.PLANTED_PIN
      delete process.env.NFAST_PLACE
    }
  })

  it.each([
    ['that hangs is called timed out', 'sleep 600', { timeout: 1000 }, /timed out after 1 s and was ended/],
    ['that floods is ended', 'yes', {}, /wrote more than 65536 bytes/],
  ])('%s', async (_name, script, input, message) => {
    const error = await runVendorTool(await tool(script), [], input).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'device.module', message: expect.stringMatching(message) })
  })
})
