import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bundleAttestation } from './attestation-bundle.ts'

const before = process.env.TMPDIR
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundles-'))
  process.env.TMPDIR = folder
})
afterEach(() => {
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
  rmSync(folder, { recursive: true })
})

it.runIf(process.platform !== 'win32')(
  'removes what a killed export left, and nothing that may be in use or of others',
  async () => {
    const made = (name: string, hours: number): void => {
      mkdirSync(join(folder, name))
      const then = new Date(Date.now() - hours * 3_600_000)
      utimesSync(join(folder, name), then, then)
    }
    made('hsm-enroll-att-killed', 2)
    made('hsm-enroll-att-in-use', 0)
    made('another-program', 2)
    symlinkSync(join(folder, 'another-program'), join(folder, 'hsm-enroll-att-link'))
    const nfkmattest = join(folder, 'nfkmattest')
    writeFileSync(nfkmattest, '#!/bin/sh\necho \'{"pubkeydata":"AA=="}\' > "$3"\n', { mode: 0o700 })
    const options = { nfkmattest, warrants: undefined, signal: undefined }
    const bundle = await bundleAttestation({ appname: 'pkcs11', ident: 'uc1' }, options, 'a key')
    expect(Buffer.from(bundle).toString()).toContain('pubkeydata')
    expect(readdirSync(folder).sort()).toEqual([
      'another-program',
      'hsm-enroll-att-in-use',
      'hsm-enroll-att-link',
      'nfkmattest',
    ])
  },
)
