import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ProgramEnd, type ProgramRun, programEnvironment, runProgram } from './run-program.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'program-'))
})
afterAll(() => rm(folder, { recursive: true }))

const shell = (script: string, over: Partial<ProgramRun> = {}): Promise<ProgramEnd> =>
  runProgram({
    command: '/bin/sh',
    arguments: ['-c', script],
    environment: { PATH: process.env.PATH },
    timeout: 60_000,
    maxOutput: 1000,
    ...over,
  })

/** True once no process has the number any more; a child of a dead parent is reaped by somebody else, a moment later. */
const isGone = (pid: number): Promise<boolean> =>
  vi.waitUntil(
    async () => {
      try {
        process.kill(pid, 0)
        // A zombie is gone, too.
        return /^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tZ'))
      } catch {
        return true
      }
    },
    { timeout: 60_000, interval: 10 },
  )

let count = 0
/** A script whose grandchild writes its process number to `file`, and outlives its parent's patience. */
function withGrandchild(): { readonly script: string; readonly pid: () => Promise<number> } {
  const file = join(folder, `pid-${++count}`)
  return {
    script: `sh -c 'echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 600' & echo started; wait`,
    pid: async () =>
      Number(await vi.waitUntil(() => readFile(file, 'utf8').catch(() => undefined), { timeout: 60_000, interval: 5 })),
  }
}

describe('a program of somebody else', () => {
  it('gets its input, and its streams and exit code are told', async () => {
    const end = await shell('read line; echo "got $line"; echo aside >&2; exit 7', { input: 'a secret\n' })
    expect(end).toMatchObject({ kind: 'ended', status: 7, stdout: Buffer.from('got a secret\n') })
    expect(end.kind === 'ended' && end.output.toString()).toContain('aside')
  })

  it('that is not there, or that a signal ends, is told so', async () => {
    expect(await shell('', { command: join(folder, 'none') })).toMatchObject({ kind: 'not-started' })
    expect(await shell('kill -9 $$')).toMatchObject({ kind: 'ended', status: undefined })
  })

  it('dies with what it started when its time is over', async () => {
    const { script, pid } = withGrandchild()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const running = shell(script)
      const grandchild = await pid()
      await vi.advanceTimersByTimeAsync(60_000)
      expect(await running).toEqual({ kind: 'timed-out' })
      expect(await isGone(grandchild)).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('dies with what it started when the run is stopped', async () => {
    const stop = new AbortController()
    const { script, pid } = withGrandchild()
    const running = shell(script, { signal: stop.signal })
    const grandchild = await pid()
    stop.abort()
    expect(await running).toEqual({ kind: 'stopped' })
    expect(await isGone(grandchild)).toBe(true)
    expect(await shell('echo x', { signal: stop.signal })).toEqual({ kind: 'stopped' })
  })

  it('dies when it writes too much', async () => {
    expect(await shell('yes')).toEqual({ kind: 'too-much' })
  })

  it('that leaves something behind with its streams has ended all the same', async () => {
    const file = join(folder, 'left')
    const end = await shell(`sleep 600 & echo $! > ${file}; echo done`)
    expect(end).toMatchObject({ kind: 'ended', status: 0, stdout: Buffer.from('done\n') })
    expect(await isGone(Number(await readFile(file, 'utf8')))).toBe(true)
  })

  it('does not have to read its input', async () => {
    expect(await shell('exit 0', { input: 'x'.repeat(1 << 20) })).toMatchObject({ kind: 'ended', status: 0 })
  })
})

describe('the environment of a program', () => {
  it('is what is needed, and nothing that may be a secret', async () => {
    const environment = programEnvironment(
      {
        PATH: '/bin',
        HOME: '/home/a',
        LC_ALL: 'C',
        XDG_RUNTIME_DIR: '/run/a',
        NFAST_HOME: '/opt/nfast',
        ChrystokiConfigurationPath: '/etc/luna',
        HSM_ENROLL_SECTIGO_LOGIN_PASSWORD: 'env:CA_PASSWORD',
        CA_PASSWORD: 'planted',
        PIN: 'planted',
        HTTPS_PROXY: 'http://user:planted@proxy',
        NODE_OPTIONS: '--inspect',
        AWS_SECRET_ACCESS_KEY: 'planted',
        VAULT_ADDR: 'https://vault',
      },
      ['VAULT_ADDR'],
    )
    expect(Object.keys(environment).sort()).toEqual(
      ['ChrystokiConfigurationPath', 'HOME', 'LC_ALL', 'NFAST_HOME', 'PATH', 'VAULT_ADDR', 'XDG_RUNTIME_DIR'].sort(),
    )
    await writeFile(join(folder, 'note'), '')
    const end = await shell('env', { environment })
    expect(end.kind === 'ended' && end.stdout.toString()).not.toContain('planted')
  })
})
