import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const SCRIPT = resolve(import.meta.dirname, '../scripts/check-boundaries.mjs')

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boundaries-'))
  for (const room of ['src', 'devices']) await mkdir(join(folder, room))
})
afterEach(() => rm(folder, { recursive: true }))

/** What the lint step says of a tree with these files alone. */
async function faultsOf(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), `${content}\n`)
  }
  return spawnSync(process.execPath, [SCRIPT], { cwd: folder, encoding: 'utf8' }).stderr
}

const CSR = '../csr/read-public-key.ts'

describe('the rooms are kept apart', () => {
  it.each<[string, string, string]>([
    ['an import', 'src/asn1/x.ts', `import { a } from '${CSR}'`],
    ['an import for its types', 'src/asn1/x.ts', `import type { A } from '${CSR}'`],
    ['a re-export', 'src/asn1/x.ts', `export * from '${CSR}'`],
    ['a type written as an import', 'src/asn1/x.ts', `export type X = import('${CSR}').Y`],
    ['a dynamic import', 'src/asn1/x.ts', `export const x = () => import('${CSR}')`],
    ['a dynamic import of a computed name', 'src/asn1/x.ts', `export const x = (y: string) => import(y)`],
    ['a dynamic import of a template', 'src/asn1/x.ts', `export const x = () => import(\`${CSR}\`)`],
    ['an import for its effect', 'src/asn1/x.ts', `import '${CSR}'`],
    ['an import over several lines, with a comment', 'src/asn1/x.ts', `import {\n  a, // it's a\n} from '${CSR}'`],
    ['a file through createRequire', 'src/attestation/x.ts', `import { createRequire } from 'node:module'`],
    ['a file through getBuiltinModule', 'src/attestation/x.ts', `process.getBuiltinModule('node:fs')`],
    ['a verifier in a double', 'src/sandbox/luna/x.ts', `import { a } from '../../attestation/luna/verify.ts'`],
    ['a file in a room without I/O', 'src/attestation/x.ts', `import { readFile } from 'node:fs/promises'`],
    ['the network in a room without I/O', 'src/check/policy/x.ts', `import { connect } from 'node:tls'`],
    ['a driver outside devices', 'src/enrollment/x.ts', `import * as graphene from 'graphene-pk11'`],
    ['a family, past the door', 'src/cli/x.ts', `import '../../devices/yubikey/family.ts'`],
    ['a family from another', 'devices/luna/x.ts', `import '../nshield/family.ts'`],
    ['src from devices', 'devices/luna/x.ts', `import '../../src/errors.ts'`],
    ['the command line', 'src/enrollment/x.ts', `import '../cli/table.ts'`],
    ['the sandbox', 'src/enrollment/x.ts', `import '../sandbox/doubles.ts'`],
    ['the run, from the configuration', 'src/config/x.ts', `import '../enrollment/run.ts'`],
    ['a room, from a file that all rooms use', 'src/x.ts', `import './sectigo/sectigo.ts'`],
    ['a family, from the contract', 'devices/x.ts', `import './yubikey/family.ts'`],
    ['a test', 'src/asn1/x.ts', `import '../../test/shared-folder.ts'`],
    ['a file outside the project', 'src/asn1/x.ts', `import '../../../elsewhere.ts'`],
  ])('%s is seen and refused', async (_what, file, content) => {
    expect(await faultsOf({ [file]: content })).toContain(file)
  })

  it('a file that is no .ts file is seen', async () => {
    expect(await faultsOf({ 'src/asn1/x.mts': '' })).toContain('src/asn1/x.mts')
  })

  it('a file read through another room is seen', async () => {
    const files = {
      'src/attestation/a.ts': `import { b } from '../read.ts'`,
      'src/read.ts': `import { readFile } from 'node:fs/promises'`,
    }
    expect(await faultsOf(files)).toContain('src/attestation/a.ts reaches node:fs/promises')
  })

  it('a circle is seen', async () => {
    const files = { 'src/asn1/a.ts': `import './b.ts'`, 'src/asn1/b.ts': `export { c } from './a.ts'` }
    expect(await faultsOf(files)).toContain('circle: src/asn1/a.ts -> src/asn1/b.ts -> src/asn1/a.ts')
  })

  it('a circle of types is seen', async () => {
    const files = {
      'src/config/a.ts': `import { b } from './b.ts'`,
      'src/config/b.ts': `import type { A } from './a.ts'`,
    }
    expect(await faultsOf(files)).toContain('circle: src/config/a.ts -> src/config/b.ts -> src/config/a.ts')
  })

  it('what the table allows is allowed, in tests anything', async () => {
    const files = {
      'src/csr/a.ts': `import { b } from '../asn1/b.ts'\nimport type { C } from '../../devices/device.ts'`,
      'src/csr/a.test.ts': `import { d } from '../enrollment/run.ts'`,
      'src/cli/e.ts': `// it's https://example.com\nimport { f } from '../enrollment/run.ts'`,
    }
    expect(await faultsOf(files)).toBe('')
  })

  it('exports nothing that only its own file uses', async () => {
    const files = {
      'src/asn1/x.ts': 'export const used = 1\nexport const alone = 2\nexport const again = alone',
      'test/x.test.ts': "import { used } from '../src/asn1/x.ts'\nimport type { again } from '../src/asn1/x.ts'",
    }
    expect(await faultsOf(files)).toBe('src/asn1/x.ts exports alone, which no other file uses\n')
  })
})
