import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const SCRIPT = join(ROOT, 'scripts/house.mjs')

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'house-'))
  for (const room of ['src', 'devices']) await mkdir(join(folder, room))
})
afterEach(() => rm(folder, { recursive: true }))

/** What `npm run house` says of a tree with these files alone. */
async function houseOf(files: Readonly<Record<string, string>>, ...options: string[]) {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), `${content}\n`)
  }
  return spawnSync(process.execPath, [SCRIPT, ...options], { cwd: folder, encoding: 'utf8' })
}

describe('the house', () => {
  it('has no circle, and no arrow that leads up: with the files as they are', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT], { cwd: ROOT, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const [, arrows = ''] = /src\/attestation\/ \d+ rooms, (\d+) arrows between them/.exec(stdout) ?? []
    expect(Number(arrows)).toBeGreaterThan(20)
    expect(Number(arrows)).toBeLessThanOrEqual(80)
  })

  it.each([
    ['an arrow up', 'up: src/asn1/x.ts -> src/csr/y.ts', { 'src/asn1/x.ts': `import { y } from '../csr/y.ts'` }],
    ['one for its types', 'up: src/asn1/x.ts', { 'src/asn1/x.ts': `import type { Y } from '../csr/y.ts'` }],
    ['one that is imported later', 'up: src/csr/x.ts', { 'src/csr/x.ts': `const x = () => import('../cli/y.ts')` }],
    [
      'a family that leans on another',
      'sideways: src/attestation/luna/x.ts',
      { 'src/attestation/luna/x.ts': `import '../nshield/y.ts'`, 'src/attestation/nshield/y.ts': 'export const y = 1' },
    ],
    ['a room that has no floor', 'src/cellar/x.ts is in no room', { 'src/cellar/x.ts': 'export const x = 1' }],
    [
      'a circle of rooms, without one of files',
      'circle of rooms: ',
      { 'src/csr/x.ts': `import '../asn1/a.ts'`, 'src/asn1/b.ts': `import '../csr/y.ts'` },
    ],
  ])('refuses %s', async (_what, fault, files) => {
    const { status, stderr } = await houseOf(files)
    expect(stderr).toContain(fault)
    expect(status).toBe(1)
  })

  it('is drawn with its arrows counted, as text and for Graphviz', async () => {
    const files = { 'src/csr/x.ts': `import '../asn1/a.ts'`, 'src/csr/y.ts': `import '../asn1/b.ts'` }
    expect((await houseOf(files)).stdout).toMatch(/^ *\d+ +csr +asn1 2$/m)
    expect((await houseOf(files, '--dot')).stdout).toContain('"csr" -> "asn1" [label=2]')
    expect((await houseOf(files, '--quiet')).stdout).toBe('')
  })
})
