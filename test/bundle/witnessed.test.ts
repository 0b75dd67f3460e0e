import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readStoredZip, writeStoredZip } from '../../src/archive/stored-zip.ts'
import type { BundleVerdict } from '../../src/bundle/bundle-verdict.ts'
import {
  type RunningAuthority,
  startTimeStampAuthority,
} from '../../src/sandbox/time-stamp-authority/time-stamp-authority.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { type RehearsedRun, rehearseRun } from './rehearsed-run.ts'
import { strangersInstalled } from './strangers-installed.ts'

const here = strangersInstalled()
const PYTHON = resolve(import.meta.dirname, '../../contrib/verify-bundle.py')
const NAMESPACE = 'bundle@hsm-enroll'

let run: RehearsedRun
let authority: RunningAuthority
/** One story in three files that no test writes to: as created, with its signatures, with its time stamp. */
const bundle = { created: '', signed: '', stamped: '' }
/** What the commands said of the first two. */
let created: BundleVerdict
let signed: BundleVerdict
const at = (name: string): string => join(run.folder, name)
const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', args, { cwd: run.folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

async function command(args: readonly string[], code = 0): Promise<BundleVerdict> {
  const end = await runInside(['bundle', ...args, ...run.flags.slice(2), '--json'], {
    env: { ...run.rehearsal.environment, PATH: process.env.PATH ?? '' },
  })
  expect(end.code, end.stdout + end.stderr).toBe(code)
  return JSON.parse(end.stdout) as BundleVerdict
}

/** All but the key in the device, who are enough; and with one who has not signed. */
function listWitnesses(): void {
  const sshKey = (name: string): string => readFileSync(at(`${name}.pub`), 'utf8').trim()
  const witnesses = [
    ...['anna', 'emil', 'rosa'].map((name) => ({ name, ssh: sshKey(name) })),
    { name: 'bert', minisign: readFileSync(at('bert.pub'), 'utf8') },
    ...['carla', 'rudi'].map((name) => ({ name, x509: readFileSync(at(`${name}.pem`), 'utf8') })),
  ]
  writeFileSync(at('witnesses.json'), JSON.stringify({ threshold: 6, witnesses }))
  writeFileSync(
    at('more.json'),
    JSON.stringify({ threshold: 7, witnesses: [...witnesses, { name: 'nobody', x509: '0'.repeat(64) }] }),
  )
}

/** Signs with every kind of key, one after the other; answers with what the last command said. */
async function signByAll(): Promise<BundleVerdict> {
  for (const key of ['anna', 'emil', 'rosa']) await command(['sign', bundle.signed, '--ssh-key', at(key)])
  await command(['sign', bundle.signed, '--minisign-key', at('bert.key'), '--minisign-public', at('bert.pub')])
  await command(['statement', bundle.signed, '-o', at('statement.pae')])
  for (const [name, form] of [
    ['carla', 'DER'],
    ['rudi', 'PEM'],
  ] as const) {
    openssl(
      'cms',
      '-sign',
      '-binary',
      '-in',
      'statement.pae',
      '-signer',
      `${name}.pem`,
      '-inkey',
      `${name}.key`,
      '-md',
      'sha256',
      '-outform',
      form,
      '-out',
      `${name}.p7s`,
    )
    await command(['sign', bundle.signed, '--signature', at(`${name}.p7s`)])
  }
  const folder = join(run.rehearsal.stateDirectory, 'runs', run.id)
  const location = /"location":"(0x[0-9a-f]+)"/.exec(readFileSync(join(folder, 'journal.jsonl'), 'utf8'))?.[1] ?? ''
  const device = [
    '--profile',
    run.rehearsal.profile,
    '--key',
    location,
    '--certificate',
    join(folder, 'certificate.pem'),
  ]
  return command(['sign', bundle.signed, ...device])
}

beforeAll(async () => {
  if (!here) return
  run = await rehearseRun()
  authority = await startTimeStampAuthority()
  for (const state of ['created', 'signed', 'stamped'] as const) bundle[state] = at(`${state}.zip`)
  writeFileSync(at('tsa.pem'), authority.rootPem)
  for (const [name, type] of [
    ['anna', 'ed25519'],
    ['emil', 'ecdsa'],
    ['rosa', 'rsa'],
  ] as const)
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', name, '-f', at(name)])
  execFileSync('minisign', ['-G', '-W', '-f', '-p', at('bert.pub'), '-s', at('bert.key')], { stdio: 'ignore' })
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'carla.key',
    '-out',
    'carla.pem',
    '-subj',
    '/CN=Carla',
    '-days',
    '30',
  )
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'rudi.key',
    '-out',
    'rudi.pem',
    '-subj',
    '/CN=Rudi',
    '-days',
    '30',
  )
  listWitnesses()
  created = await command(['create', run.id, '--state-directory', run.rehearsal.stateDirectory, '-o', bundle.created])
  copyFileSync(bundle.created, bundle.signed)
  signed = await signByAll()
  copyFileSync(bundle.signed, bundle.stamped)
  await command(['timestamp', bundle.stamped, '--tsa', authority.url])
})
afterAll(async () => {
  if (!here) return
  await authority.close()
  await run.close()
})

/** Unpacks the bundle, as an auditor does, with a program of somebody else. */
function unpacked(): string {
  const folder = at('unpacked')
  execFileSync('python3', ['-m', 'zipfile', '-e', bundle.stamped, folder])
  return folder
}

describe.runIf(here)('a bundle with witnesses of every kind', () => {
  it('is the same bytes for the same files, whatever the time zone', () => {
    const files = [
      { name: 'b/c', content: Buffer.from('1') },
      { name: 'a', content: Buffer.from('2') },
    ]
    const bytes = writeStoredZip(files)
    expect(Buffer.compare(bytes, writeStoredZip(files.toReversed()))).toBe(0)
    expect(Buffer.from(bytes).toString('base64')).toBe(
      'UEsDBBQAAAgAAAAAIQANvtUaAQAAAAEAAAABAAAAYTJQSwMEFAAACAAAAAAhALfv3IMBAAAAAQAAAAMAAABiL2MxUEsBAhQAFAAACAAAAAAhAA2+1RoBAAAAAQAAAAEAAAAAAAAAAAAAAAAAAAAAAGFQSwECFAAUAAAIAAAAACEAt+/cgwEAAAABAAAAAwAAAAAAAAAAAAAAAAAgAAAAYi9jUEsFBgAAAAACAAIAYAAAAEIAAAAAAA==',
    )
  })

  it('is created of a run, and says that nobody vouches for it', () => {
    expect(created).toMatchObject({ sound: true, run: run.id })
    expect(created.checks.find(({ id }) => id === 'evidence')?.status).toBe('pass')
    expect(created.proves.join()).toContain('was generated in hardware that does not let it out')
    expect(created.doesNotProve.join()).toMatch(/anybody vouches.*When anything existed/)
  })

  it('is signed with ssh-keygen, minisign, openssl and a key in a device', () => {
    expect(signed.signatures.map(({ kind }) => kind)).toEqual(['ssh', 'ssh', 'ssh', 'x509', 'x509', 'x509'])
  })

  it('takes no second signature by one key, and none over other bytes', async () => {
    const before = readFileSync(bundle.signed)
    const second = await runInside(['bundle', 'sign', bundle.signed, '--ssh-key', at('anna')], {
      env: { PATH: process.env.PATH ?? '' },
    })
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('the same key has signed already') })
    writeFileSync(at('other'), 'other bytes')
    execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', NAMESPACE, '-f', at('anna'), at('other')], {
      stdio: 'ignore',
    })
    execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'git', '-f', at('anna'), at('statement.pae')], {
      stdio: 'ignore',
    })
    for (const [file, why] of [
      ['other.sig', 'does not match'],
      ['statement.pae.sig', 'made for "git"'],
    ] as const) {
      const end = await runInside(['bundle', 'sign', bundle.signed, '--signature', at(file)])
      expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining(why) })
    }
    expect(Buffer.compare(readFileSync(bundle.signed), before)).toBe(0)
  })

  it('is time-stamped over HTTP, and verified with who had to sign and whose time counts', async () => {
    const verdict = await command([
      'verify',
      bundle.stamped,
      '--witnesses',
      at('witnesses.json'),
      '--tsa-ca',
      at('tsa.pem'),
    ])
    expect(verdict.checks.filter(({ status }) => status !== 'pass').map(({ part }) => part)).toEqual([
      'signatures/7.p7s',
    ])
    expect(verdict.proves.join()).toMatch(/anna, emil, rosa, bert, carla, rudi.*and 7 signatures existed on/)
    const missing = await command(['verify', bundle.stamped, '--witnesses', at('more.json')], 1)
    expect(missing.checks.filter(({ status }) => status === 'fail')).toMatchObject([{ id: 'witnesses' }])
  })

  it('is accepted part by part by the programs of other people', () => {
    const folder = unpacked()
    const options = { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe'] }
    writeFileSync(join(folder, 'allowed'), `anna ${readFileSync(at('anna.pub'), 'utf8')}`)
    const statement = readFileSync(join(folder, 'statement.pae'))
    execFileSync(
      'ssh-keygen',
      ['-Y', 'verify', '-f', 'allowed', '-I', 'anna', '-n', NAMESPACE, '-s', 'signatures/1.sshsig'],
      { ...options, input: statement },
    )
    execFileSync('minisign', ['-V', '-p', at('bert.pub'), '-m', 'statement.pae', '-x', 'signatures/4.minisig'], options)
    const roots = { 'signatures/5.p7s': at('carla.pem'), 'signatures/6.p7s': at('rudi.pem') }
    for (const [file, root] of Object.entries(roots))
      execFileSync(
        'openssl',
        [
          'cms',
          '-verify',
          '-binary',
          '-inform',
          'DER',
          '-in',
          file,
          '-content',
          'statement.pae',
          '-CAfile',
          root,
          '-purpose',
          'any',
          '-out',
          '/dev/null',
        ],
        options,
      )
    const chain = join(run.rehearsal.stateDirectory, 'runs', run.id, 'chain.pem')
    execFileSync(
      'openssl',
      [
        'cms',
        '-verify',
        '-binary',
        '-inform',
        'DER',
        '-in',
        'signatures/7.p7s',
        '-content',
        'statement.pae',
        '-CAfile',
        chain,
        '-purpose',
        'any',
        '-out',
        '/dev/null',
      ],
      options,
    )
    execFileSync(
      'openssl',
      ['ts', '-verify', '-data', 'timestamps/1.sums', '-in', 'timestamps/1.tsr', '-CAfile', at('tsa.pem')],
      options,
    )
    execFileSync(
      'openssl',
      ['ts', '-verify', '-queryfile', 'timestamps/1.tsq', '-in', 'timestamps/1.tsr', '-CAfile', at('tsa.pem')],
      options,
    )
    execFileSync('sha256sum', ['-c', 'timestamps/1.sums'], options)
    const said = spawnSync(
      'python3',
      [PYTHON, bundle.stamped, '--witnesses', at('witnesses.json'), '--tsa-ca', at('tsa.pem')],
      { encoding: 'utf8' },
    )
    expect(said.stdout).toBe('unproven  signatures/7.p7s: by a key that no witness has\nnothing is wrong with it\n')
    expect(spawnSync('python3', [PYTHON, bundle.stamped, '--witnesses', at('more.json')]).status).toBe(1)
  })

  it('that an attacker wrote anew around one changed file is found by both verifiers, by name', async () => {
    const entries = readStoredZip(readFileSync(bundle.stamped), { entries: 400, size: 1 << 24 })
    for (const { name, content } of entries) {
      const changed = Buffer.from(content)
      const place = name.endsWith('.sshsig') ? 60 : name.endsWith('.minisig') ? 90 : changed.length - 20
      changed[place] = (changed[place] ?? 0) ^ 1
      const file = at('changed.zip')
      writeFileSync(
        file,
        writeStoredZip(entries.map((entry) => (entry.name === name ? { name, content: changed } : entry))),
      )
      const verdict = await command(['verify', file, '--witnesses', at('witnesses.json'), '--tsa-ca', at('tsa.pem')], 1)
      const ours = verdict.checks.filter(({ status }) => status === 'fail').map(({ part }) => part)
      const said = spawnSync(
        'python3',
        [PYTHON, file, '--witnesses', at('witnesses.json'), '--tsa-ca', at('tsa.pem')],
        { encoding: 'utf8' },
      )
      const theirs = [...said.stdout.matchAll(/^broken {4}(.+?):/gm)].map(([, part]) => part)
      expect(ours, name).toContain(name)
      expect(theirs, `${name}: ${said.stdout}${said.stderr}`).toContain(name)
    }
  })
})
