import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { expectForm, failure, result } from './json-kit.ts'
import { commandNames } from './published-schemas.ts'

let folder: string
let rehearsal: Rehearsal
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-errors-'))
  rehearsal = await startRehearsal({ directory: folder, device: 'yubihsm2', algorithm: 'P-256' })
})
afterAll(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const state = (): string[] => ['--state-directory', rehearsal.stateDirectory]
const profile = (): string[] => ['--profile', rehearsal.profile]

describe('an error with --json', () => {
  it.each(commandNames)('%s: one object on stdout, words on stderr', async (name) => {
    expect(await failure([...name.split(' '), '--nosuch'], 2)).toMatchObject({ code: 'usage' })
  })

  it.each([[['nosuch']], [['runs']], [[]], [['completion']]])('%j is a mistake of the caller', async (words) => {
    expect(await failure(words, 2)).toMatchObject({ code: 'usage' })
  })

  it('says what `bundle sign` can sign with, where it is told of nothing', async () => {
    const { folder: run } = (await result('keygen', [rehearsal.profile], 0)) as { folder: string }
    const bundle = join(folder, 'run.zip')
    await result('bundle create', [basename(run), ...state(), '--output', bundle], 0)
    const { remedy } = await failure(['bundle', 'sign', bundle], 2)
    for (const way of ['--ssh-key', '--minisign-key', '--signature', '--profile']) expect(remedy).toContain(way)
    await result('runs abandon', [basename(run), ...state(), '--yes'], 0)
  })

  it('names the run that it stopped', async () => {
    const away = ['--device', 'yubihsm2:connector=http://127.0.0.1:9']
    const begun = await failure(['keygen', rehearsal.profile, ...away], 3)
    expect(begun.code).toBe('device.unreachable')
    const { runs } = await result('runs list', state(), 0)
    expect((runs as { id: string }[]).map(({ id }) => id)).toContain(begun.run)
    expect(await failure(['csr', '--run', String(begun.run), ...state(), ...away], 3)).toMatchObject({ run: begun.run })
    expect(await failure(['runs', 'show', 'nosuch', ...state()], 2)).not.toHaveProperty('run')
  })

  it('from a Node.js that is too old', async () => {
    const older = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.0" } })'
    const end = await runInside(['runs', 'list', '--json'], { imports: [`data:text/javascript,${older}`] })
    expect(end.code, end.stderr).toBe(2)
    expectForm(JSON.parse(end.stdout), 'error')
    expect(end.stderr).toContain('(usage.node-version, exit 2)')
  })

  it('has the code of the finding that `plan` shows for it', async () => {
    const noAnchors = [rehearsal.profile, '--trust-anchors', '/dev/null']
    const { findings } = await result('plan', noAnchors, 1)
    const { code } = await failure(['enroll', ...noAnchors, '--yes', '--new'], 2)
    expect(findings).toContainEqual(expect.objectContaining({ severity: 'blocker', code }))
  })

  it('where a yes is missing, and nobody can be asked', async () => {
    expect(await failure(['enroll', rehearsal.profile, '--new'], 2)).toMatchObject({ code: 'order.unconfirmed' })
    expect(await failure(['order', 'authorize', '1', ...profile()], 2)).toMatchObject({ code: 'order.unconfirmed' })
    const { id, keyLocation } = (await result('keygen', [rehearsal.profile], 0)) as { id: string; keyLocation: string }
    const abandon = ['runs', 'abandon', id, ...state()]
    const changes = [
      ['order', 'refund', '1', '--reason-code', '1', ...profile()],
      ['order', 'revoke', '--order-number', '1', ...profile()],
      abandon,
    ]
    for (const change of changes) expect(await failure(change, 2)).toMatchObject({ code: 'change.unconfirmed' })
    await result('runs abandon', [id, ...state(), '--yes'], 0)
    const remove = ['keys', 'delete', keyLocation, rehearsal.profile]
    expect(await failure(remove, 2)).toMatchObject({ code: 'change.unconfirmed' })
  })
})
