import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AttestationResult } from '../../src/attestation/contract/attestation-result.ts'
import { HSM_TYPES } from '../../src/hsm-type.ts'
import { runProgram } from '../enrollment/built-program.ts'
import { sharedFolder } from '../shared-folder.ts'
import { SYNTHETIC_EVIDENCE } from '../tools/corpus.ts'

const GUARD = resolve(import.meta.dirname, 'no-network-no-addon.mjs')
const vectors = sharedFolder('vectors')

interface Row {
  readonly id: string
  readonly hsmType: string
  readonly attestation: string
  readonly csr?: string
  readonly certChains?: string
  readonly expect: string
}

const check = (files: readonly string[]) =>
  runProgram(['check', ...files, '--fips', 'off', '--json'], { imports: [GUARD] })

describe('check without network and native addon', () => {
  it('the guard itself works: a balance reaches for the network', async () => {
    const env = {
      HSM_ENROLL_SECTIGO_LOGIN_NAME: 'env:L',
      HSM_ENROLL_SECTIGO_LOGIN_PASSWORD: 'env:L',
      HSM_ENROLL_SECTIGO_ENDPOINT: 'https://127.0.0.1:9/products/',
      L: 'x',
    }
    const end = await runProgram(['balance'], { imports: [GUARD], env })
    expect(end.code).toBe(99)
  })

  it.each(HSM_TYPES)('%s: recognises the family by itself, under anchors of the user', async (hsmType) => {
    const specimen = SYNTHETIC_EVIDENCE[hsmType]().find((each) => each.expect === 'genuine')
    if (specimen === undefined) throw new Error('no evidence')
    const folder = mkdtempSync(join(tmpdir(), 'offline-'))
    try {
      const write = (name: string, content: string | Uint8Array): string => {
        writeFileSync(join(folder, name), content)
        return join(folder, name)
      }
      const anchors = write('anchors.json', JSON.stringify({ trustAnchors: specimen.trustAnchors }))
      const chains =
        specimen.certChains === undefined ? [] : ['--cert-chains', write('chains.pem', specimen.certChains)]
      const file = write('evidence', specimen.package)
      const end = await check(['--attestation', file, ...chains, '--trust-anchors', anchors])
      expect(end.stderr).not.toContain('reached for')
      expect(JSON.parse(end.stdout)).toMatchObject({ hsmType, genuine: true })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe.runIf(vectors !== undefined)('check on real packages', () => {
  const folder = vectors ?? ''
  const rows = existsSync(folder) ? (JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Row[]) : []
  const onePerFamily = [
    ...new Map(rows.filter((row) => row.expect === 'genuine').map((row) => [row.hsmType, row])).values(),
  ]

  it.each(HSM_TYPES)(
    '%s needs no network and no native addon, and recognises the family by itself',
    async (hsmType) => {
      const row = onePerFamily.find((candidate) => candidate.hsmType === hsmType)
      const csr = row?.csr === undefined ? [] : ['--csr', join(folder, row.csr)]
      const chains = row?.certChains === undefined ? [] : ['--cert-chains', join(folder, row.certChains)]
      const end = await check(['--attestation', join(folder, row?.attestation ?? ''), ...csr, ...chains])
      expect(end.stderr).not.toContain('reached for')
      expect(JSON.parse(end.stdout)).toMatchObject({ hsmType, genuine: true })
    },
  )

  it('takes the attestation from stdin', async () => {
    const [row] = onePerFamily
    if (row === undefined) throw new Error('no vector')
    const input = readFileSync(join(folder, row.attestation), 'latin1')
    const end = await runProgram(['check', '--attestation', '-', '--fips', 'off', '--json'], { input })
    expect(JSON.parse(end.stdout)).toMatchObject({ hsmType: row.hsmType, genuine: true })
    const explained = await runProgram(['inspect', '-'], { input })
    expect(explained.stdout).toContain('Verdict')
  })

  it('compares the name of the key where the evidence carries one, and says so where it does not', async () => {
    const nameChecked = async (hsmType: string, keyName: string) => {
      const row = onePerFamily.find((candidate) => candidate.hsmType === hsmType)
      const chains = row?.certChains === undefined ? [] : ['--cert-chains', join(folder, row.certChains)]
      const file = join(folder, row?.attestation ?? '')
      const end = await runProgram(['check', '--attestation', file, ...chains, '--key-name', keyName, '--json'])
      const failed = end.code === 2 ? [] : (JSON.parse(end.stdout) as AttestationResult).checks
      return { ...end, failed: failed.filter(({ status }) => status === 'fail').map(({ id }) => id) }
    }
    const uuid = '18ec8b96-8845-4ce3-9fd1-50407b4b1fc0'
    expect((await nameChecked('FORTANIX', uuid)).failed).not.toContain('attestation.key-uuid')
    expect((await nameChecked('FORTANIX', uuid.replace('1', '2'))).failed).toContain('attestation.key-uuid')
    expect((await nameChecked('MARVELL_GOOGLE', 'projects/p')).failed).toContain('attestation.version-name')
    expect(await nameChecked('LUNA', 'k')).toMatchObject({ code: 2, stderr: expect.stringContaining('--key-name') })
  })

  it('refuses chains beside evidence that has no use for them; `inspect` says so', async () => {
    const rowOf = (hsmType: string): Row | undefined => onePerFamily.find((row) => row.hsmType === hsmType)
    const chains = ['--cert-chains', join(folder, rowOf('MARVELL_GOOGLE')?.certChains ?? '')]
    const file = (hsmType: string): string => join(folder, rowOf(hsmType)?.attestation ?? '')
    const end = await runProgram(['check', '--attestation', file('YUBIKEY'), ...chains, '--json'])
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining('usage.cert-chains') })
    const alone = await runProgram(['inspect', file('YUBIKEY'), ...chains])
    expect(alone).toMatchObject({ code: 0, stderr: expect.stringContaining('warning: --cert-chains') })
    const luna = await runProgram(['check', '--attestation', file('LUNA'), '--attestation', chains[1] ?? ''])
    expect(luna.stderr).toContain('warning: the further files')
    const used = await runProgram(['inspect', file('MARVELL_GOOGLE'), ...chains])
    expect(used).toMatchObject({ code: 0, stderr: '' })
  })

  it('inspects every file that is named, and stops at one that is missing', async () => {
    const files = onePerFamily.filter((row) => row.certChains === undefined).map((row) => join(folder, row.attestation))
    const end = await runProgram(['inspect', ...files, '--json'])
    expect(end.stdout.trim().split('\n')).toHaveLength(files.length)
    expect((await runProgram(['inspect', '/nonexistent/file', ...files])).code).toBe(2)
  })
})
