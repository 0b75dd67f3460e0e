import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseNameText } from '../../src/asn1/name.ts'
import { HSM_TYPES } from '../../src/hsm-type.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { allHere } from '../not-run.ts'

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js')
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'init-'))
})
afterEach(() => rm(folder, { recursive: true }))

const ORDER = [
  '--organization',
  'Example Ltd',
  '--street',
  'Oudegracht 1',
  '--locality',
  'Utrecht',
  '--state',
  'Utrecht',
  '--postal-code',
  '3511 AB',
  '--country',
  'nl',
  '--title',
  'Director',
  '--forename',
  'Zoe',
  '--surname',
  'Example',
  '--email',
  'zoe@example.com',
]
// biome-ignore format: a table
const URIS = { YUBIKEY: 'yubikey:serial=15732500;slot=9c', YUBIHSM2: 'yubihsm2:connector=http://127.0.0.1:12345', LUNA: 'luna:token=Signing', NSHIELD: 'nshield:token=Signing', FORTANIX: 'fortanix:region=eu', MARVELL_GOOGLE: 'marvell-google:projects/p/locations/europe-west4/keyRings/r' } as const

describe('init', () => {
  it.each(HSM_TYPES)('writes a profile for %s with nothing missing in its order, and no secret', async (hsmType) => {
    const file = join(folder, 'signing.yaml')
    const end = await runInside(['init', file, '--hsm-type', hsmType, '--device', URIS[hsmType], ...ORDER])
    expect(end.code, end.stderr).toBe(0)
    const check = await runInside(['config', 'check', file])
    expect(check.code, check.stderr).toBe(0)
    const plan = await runInside(['plan', file, '--json', '--state-directory', folder])
    const { findings } = JSON.parse(plan.stdout) as { findings: { area: string; severity: string; message: string }[] }
    expect(findings.filter(({ area, severity }) => area === 'order' && severity === 'blocker')).toEqual([])
    const text = await readFile(file, 'utf8')
    expect(text).not.toMatch(/(password|pin|key): (?!prompt|file:)\S/)
    const profile = parse(text) as { renewal?: { places?: string[] }; device: { slot?: string; uri: string } }
    if (hsmType !== 'YUBIKEY') return
    expect(profile.renewal?.places).toEqual(['9c', '82'])
    expect(profile.device).toMatchObject({ slot: '9c', uri: 'yubikey:serial=15732500' })
  })

  it('keeps an answer one value, whatever it contains', async () => {
    const file = join(folder, 'hostile.yaml')
    const hostile = 'A"\norder: {product: 1}\n# , + = <b> ü'
    const end = await runInside([
      'init',
      file,
      '--hsm-type',
      'LUNA',
      '--device',
      'luna:token=x',
      '--organization',
      hostile,
    ])
    expect(end.code, end.stderr).toBe(0)
    const { order, request } = parse(await readFile(file, 'utf8')) as {
      order: Record<string, string>
      request: { subject: string }
    }
    expect(order.organizationName).toBe(hostile.trim())
    expect(order.product).toBe(1214)
    expect(JSON.stringify(parseNameText(request.subject))).toContain('<b> ü')
  })

  it('never writes over a file, and needs a family', async () => {
    const file = join(folder, 'there.yaml')
    await writeFile(file, 'mine\n')
    const end = await runInside(['init', file, '--hsm-type', 'LUNA', '--device', 'luna:token=x'])
    expect(end.code).toBe(2)
    expect(end.stderr).toContain('config.profile-exists')
    expect(await readFile(file, 'utf8')).toBe('mine\n')
    const none = await runInside(['init', join(folder, 'none.yaml')])
    expect(none.code).toBe(2)
    expect(none.stderr).toContain('--hsm-type')
  })
})

const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true

describe.runIf(allHere(hasScript ? [] : ["util-linux's script"]))('init at a terminal', () => {
  /** Answers the questions in turn as each appears. */
  function answer(file: string, answers: readonly (readonly [question: string, keys: string])[]) {
    const child = spawn('script', ['-qefc', `"${process.execPath}" "${MAIN}" init "${file}"`, '/dev/null'], {
      env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    let screen = ''
    let next = 0
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      screen += text
      const [question, keys] = answers[next] ?? []
      if (question === undefined || !screen.includes(question)) return
      next++
      screen = ''
      child.stdin.write(keys ?? '')
    })
    return new Promise<{ code: number | null; screen: string }>((done) =>
      child.once('close', (code) => done({ code, screen })),
    )
  }

  it('asks for what no option says', async () => {
    const file = join(folder, 'asked.yaml')
    const { code, screen } = await answer(file, [
      ['Family of the device', 'FORTANIX\r'],
      ['Device [', '\r'],
      ['Organisation', 'Example Ltd\r'],
      ['Name in the certificate', '\r'],
      ['Street', 'Oudegracht 1\r'],
      ['City', 'Utrecht\r'],
      ['State', 'Utrecht\r'],
      ['Postal', '3511 AB\r'],
      ['Country', 'NL\r'],
      ['Title', 'Director\r'],
      ['Forename', 'Zoe\r'],
      ['Surname', 'Example\r'],
      ['E-mail', 'zoe@example.com\r'],
      ['FIPS-certified', 'y\r'],
    ])
    expect(code, screen).toBe(0)
    const profile = parse(await readFile(file, 'utf8')) as Record<string, Record<string, unknown>>
    expect(profile).toMatchObject({
      device: { uri: 'fortanix:region=eu' },
      policy: { fips: 'refuse' },
      request: { subject: 'CN=Example Ltd,O=Example Ltd,L=Utrecht,ST=Utrecht,C=NL' },
      order: { appRepSurname: 'Example' },
    })
  })

  it('is left with Ctrl-C, and nothing is written', async () => {
    const file = join(folder, 'left.yaml')
    const { code, screen } = await answer(file, [['Family of the device', '\x03']])
    expect(screen).toContain('prompt.stopped')
    expect(code).toBe(2)
    await expect(readFile(file)).rejects.toThrow('ENOENT')
  })
})
