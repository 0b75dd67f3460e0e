import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import type { ProgramEnd } from '../enrollment/built-program.ts'
import { missing } from './lock-processes.ts'

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js')
const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0
if (!mayMount) missing('root, to hide programs in a mount namespace')

describe.runIf(mayMount)('on a host without flock', () => {
  let folder: string
  let rehearsal: Rehearsal
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'no-flock-'))
    mkdirSync(join(folder, 'empty'))
    // Node itself may be among the programs that are hidden.
    copyFileSync(process.execPath, join(folder, 'node'))
    rehearsal = await startRehearsal({ directory: join(folder, 'r'), device: 'yubihsm2', algorithm: 'P-256' })
  })
  afterAll(async () => {
    await rehearsal.close()
    rmSync(folder, { recursive: true })
  })

  const runWithout = (args: readonly string[]): Promise<ProgramEnd> => {
    const hidden = 'mount --bind "$0" /usr/bin && exec "$@"'
    const child = spawn(
      'unshare',
      ['--mount', '/bin/sh', '-c', hidden, join(folder, 'empty'), join(folder, 'node'), MAIN, ...args],
      { env: { ...rehearsal.environment, PATH: process.env.PATH, HOME: '/nonexistent', NO_COLOR: '1' } },
    )
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (text) => {
      stdout += text
    })
    child.stderr.on('data', (text) => {
      stderr += text
    })
    return new Promise((done, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => done({ code, signal, stdout, stderr }))
    })
  }

  it.each([[[]], [['--new']]])(
    'enroll %j refuses to begin and says what to install; there is neither a run nor a key nor an order',
    async (more) => {
      const state = join(folder, `state${more.join('')}`)
      const began = performance.now()
      const end = await runWithout([
        'enroll',
        rehearsal.profile,
        '--yes',
        '--wait',
        '--state-directory',
        state,
        ...more,
      ])
      expect(end.stderr).toContain('the program flock(1) is not installed')
      expect(end.stderr).toContain('Try: Install util-linux (or BusyBox)')
      expect(end.code).toBe(2)
      // A program that is there is given 30 seconds; one that is missing is not waited for.
      expect(performance.now() - began).toBeLessThan(25_000)
      const runs = join(state, 'runs')
      expect(readdirSync(state).includes('runs') ? readdirSync(runs) : []).toEqual([])
      expect(rehearsal.ca.orders).toHaveLength(0)
    },
  )

  it('what needs no lock works', async () => {
    const end = await runWithout(['runs', 'list', '--state-directory', join(folder, 'none')])
    expect(end.stderr).toBe('')
    expect(end.code).toBe(0)
  })
})
