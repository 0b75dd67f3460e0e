import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writePem } from '../../src/asn1/pem.ts'
import { type Item, type Outcome, outcomeOfCrash } from '../../src/cli/check-many/item.ts'
import { judgeAll } from '../../src/cli/check-many/pool.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer, yubikeyPackage } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import { type ProgramEnd, runProgram } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { makeCsr } from '../sectigo/rehearsal-kit.ts'

let folder: string
const key = testKeyPair('P-256')
const device = createYubikeyEvidenceIssuer({ serial: 7, firmware: '5.7.4', formFactor: 1 }, { keyType: 'P-256' })
const pair = yubikeyPackage(
  device.attest({ spki: key.spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 }),
  device.f9Certificate,
)
const check = (args: readonly string[], input = ''): Promise<ProgramEnd> =>
  runProgram(['check-many', ...args, '--fips', 'off', '--trust-anchors', join(folder, 'root.pem')], { input })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-many-'))
  await mkdir(join(folder, 'many/with-request'), { recursive: true })
  await writeFile(join(folder, 'root.pem'), writePem('CERTIFICATE', device.root.certificate))
  for (const name of ['a.pem', 'b.pem', 'with-request/attestation.pem'])
    await writeFile(join(folder, 'many', name), pair)
  await writeFile(join(folder, 'many/with-request/request.csr'), makeCsr('CN=Ada Example', key))
  await writeFile(join(folder, 'key.pem'), key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await writeFile(join(folder, 'other.csr'), makeCsr('CN=Ada Example', testKeyPair('P-256')))
  await writeFile(join(folder, 'many/c <&">.txt'), 'no evidence')
})
afterAll(() => rm(folder, { recursive: true }))

describe('check-many', () => {
  it('judges each file of a folder and each folder in it, in order, and ends as the worst', async () => {
    const end = await check([join(folder, 'many'), '--json', '--workers', '2'])
    expect(end.code, end.stderr).toBe(2)
    const lines = end.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Outcome)
    expect(lines.map(({ name }) => name.slice(folder.length))).toEqual(
      ['a.pem', 'b.pem', 'c <&">.txt', 'with-request'].map((name) => join('/many', name)),
    )
    expect(lines.map(({ result }) => result?.acceptable)).toEqual([true, true, undefined, true])
    expect(lines[2]?.error?.code).toBe('evidence.unreadable')
    expect(lines[3]?.result?.checks).toContainEqual(expect.objectContaining({ id: 'binding.key', status: 'pass' }))
    expect(end.stderr).toContain('4 checked: 3 acceptable, 0 refused, 1 unreadable.')
  })

  it('says of a list that is not there what it says of any file', async () => {
    const end = await check(['--list', join(folder, 'nosuch')])
    expect(end.stderr).toMatch(/nosuch: there is no such file\.\nTry: /)
    expect(end.code).toBe(2)
  })

  it('takes a list of paths and objects on stdin, with a request for each', async () => {
    const [a, b] = ['many/a.pem', 'many/b.pem'].map((name) => join(folder, name))
    const list = ['# a comment', '', a, JSON.stringify({ attestation: [b], csr: join(folder, 'other.csr'), name: 'B' })]
    const end = await check(['-'], list.join('\n'))
    expect(end.code, end.stderr).toBe(1)
    expect(end.stdout).toContain(`✓ ${a}: YUBIKEY 7, acceptable`)
    expect(end.stdout).toContain('✗ B: YUBIKEY 7, genuine, but not acceptable: the attested key is not')
  })

  it('names a private key in any of the files before all else that is wrong with them, by its path', async () => {
    const at = (name: string): string => join(folder, name)
    const sets = [
      [at('many/c <&">.txt'), at('key.pem')],
      [at('key.pem'), at('nosuch')],
      [at('many/a.pem'), at('key.pem')],
    ]
    const list = [
      ...sets.map((attestation) => ({ attestation })),
      { attestation: at('many/a.pem'), csr: at('key.pem') },
    ]
    const end = await check(['-', '--json'], list.map((each) => JSON.stringify(each)).join('\n'))
    const errors = end.stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as Outcome).error)
    expect(errors).toHaveLength(4)
    for (const error of errors) {
      expect(error?.code).toBe('input.private-key')
      expect(error?.message).toContain(`Could not use ${at('key.pem')}`)
    }
  })

  it.skipIf(process.platform === 'win32')('waits for what comes through a pipe', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [end] = await Promise.all([check(['-'], `${pipe}\n`), writeFile(pipe, pair)])
    expect(end.stdout).toContain('YUBIKEY 7, acceptable')
  })

  it.each([
    '{"attestation": 5}',
    '{"attestation": []}',
    '{"attestation": "a", "csr": 1}',
    '{"attestation": "a", "request": "r"}',
    '{',
  ])('refuses the line %s of a list, by its number', async (line) => {
    const end = await check(['-'], `# first\n${line}\n`)
    expect(end.code).toBe(2)
    expect(end.stderr).toContain('line 2 of the list')
    expect(end.stderr).toContain('(input.list, exit 2)')
  })

  it('writes CSV, JUnit and SARIF in which hostile names are harmless', async () => {
    const of = async (format: string): Promise<string> =>
      (await check([join(folder, 'many'), '--format', format])).stdout
    const csv = (await of('csv')).trimEnd().split('\r\n')
    expect(csv).toHaveLength(5)
    expect(csv[1]).toMatch(/a\.pem,acceptable,YUBIKEY,7,5\.7\.4,/)
    expect(csv[3]).toContain('c <&"">.txt"')
    const junit = await of('junit')
    expect(junit.match(/<testcase /g)).toHaveLength(4)
    expect(junit).toContain('c &lt;&amp;&quot;&gt;.txt"><error type="evidence.unreadable"')
    const sarif = JSON.parse(await of('sarif'))
    expect(sarif.version).toBe('2.1.0')
    expect(sarif.runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId)).toContain('evidence.unreadable')
  })

  it('writes SARIF of a name that is in no URI', async () => {
    const list = join(folder, 'names')
    await writeFile(list, '{"attestation": "nosuch", "name": "a#\\ud800?"}\n')
    const end = await check(['--list', list, '--format', 'sarif'])
    expect(end.code, end.stderr).toBe(2)
    const [{ locations }] = JSON.parse(end.stdout).runs[0].results
    expect(locations[0].physicalLocation.artifactLocation.uri).toBe('a%23%EF%BF%BD%3F')
  })

  it.each(['0', '-1', '1.5', 'two'])('takes %s for no number of workers', async (workers) => {
    const end = await runInside(['check-many', join(folder, 'many'), `--workers=${workers}`])
    expect([end.code, end.stdout]).toEqual([2, ''])
    expect(end.stderr).toContain('Invalid --workers')
  })

  it('does not say that all is well where there is nothing, or leave out what it was told to check', async () => {
    const [list, files] = [join(folder, 'empty-list'), join(folder, 'empty')]
    await writeFile(list, '# none\n')
    await mkdir(files)
    for (const args of [['--list', list], [files]]) {
      const end = await check([...args, '--format', 'junit'])
      expect([end.code, end.stderr]).toEqual([2, expect.stringContaining('there is no attestation in')])
      expect(end.stdout).toContain('</testsuites>')
    }
    const both = await runInside(['check-many', join(folder, 'many'), '--list', list])
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('both a list and the files')])
  })

  it('asks for files, and for one form', async () => {
    expect((await check([])).code).toBe(2)
    expect((await check([folder, '--json', '--format', 'csv'])).stderr).toContain('Omit one of them')
  })
})

describe('judgeAll', () => {
  const worker = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`)
  const ANSWERS = `import { parentPort } from 'node:worker_threads'
    parentPort.on('message', (items) => {
      if (items.some(({ name }) => name === 'bad')) process.exit(1)
      parentPort.postMessage(items.map(({ name }) => ({ name })))
    })
    parentPort.postMessage('ready')`
  async function* named(names: readonly string[]): AsyncGenerator<Item> {
    for (const name of names) yield { name, paths: [] }
  }
  const collect = async (names: readonly string[], program: URL): Promise<readonly Outcome[]> => {
    const outcomes: Outcome[] = []
    const options = { program, data: {}, workers: 2, crashed: (item: Item) => [outcomeOfCrash(item)] }
    for await (const some of judgeAll(named(names), options)) outcomes.push(...some)
    return outcomes
  }

  it('a package that ends its worker is an outcome in its place; all others are judged', async () => {
    const names = Array.from({ length: 150 }, (_, index) => (index % 70 === 40 ? 'bad' : `n${index}`))
    const outcomes = await collect(names, worker(ANSWERS))
    expect(outcomes.map(({ name }) => name)).toEqual(names)
    expect(outcomes.filter(({ error }) => error?.code === 'defect').map(({ name }) => name)).toEqual(['bad', 'bad'])
  })

  it('what was sent behind a package that ends its worker is judged once, elsewhere', async () => {
    const names = Array.from({ length: 60 }, (_, index) => (index === 0 || index === 59 ? 'bad' : `n${index}`))
    expect((await collect(names, worker(ANSWERS))).map(({ name, error }) => [name, error?.code])).toEqual(
      names.map((name) => [name, name === 'bad' ? 'defect' : undefined]),
    )
  })

  it('goes on behind a slow package, and reads no further ahead than it may', async () => {
    const answered = new Int32Array(new SharedArrayBuffer(4))
    const patient = worker(`import { parentPort, workerData } from 'node:worker_threads'
      const { answered } = workerData
      parentPort.on('message', (items) => {
        if (items.some(({ name }) => name === 'slow')) {
          for (let count = 0; count < 16; count = Atomics.load(answered, 0)) Atomics.wait(answered, 0, count)
        }
        Atomics.add(answered, 0, 1)
        Atomics.notify(answered, 0)
        parentPort.postMessage(items.map(({ name }) => ({ name })))
      })
      parentPort.postMessage('ready')`)
    const names = ['slow', ...Array.from({ length: 2000 }, (_, index) => `n${index}`)]
    let read = 0
    async function* counted(): AsyncGenerator<Item> {
      for await (const item of named(names)) {
        read++
        yield item
      }
    }
    const seen: string[] = []
    const options = {
      program: patient,
      data: { answered },
      workers: 2,
      crashed: (item: Item) => [outcomeOfCrash(item)],
    }
    for await (const some of judgeAll(counted(), options)) {
      if (seen.length === 0) expect(read).toBeLessThan(700)
      seen.push(...some.map(({ name }) => name))
    }
    expect(seen).toEqual(names)
  })

  it('ends with the cause where no worker can start', async () => {
    await expect(collect(['a'], worker('throw new Error("no such program")'))).rejects.toThrow()
  })

  it('ends without a word where there is nothing', async () => {
    expect(await collect([], worker(ANSWERS))).toEqual([])
  })
})
