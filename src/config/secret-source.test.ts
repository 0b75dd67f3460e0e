import { openSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readSecret } from './secret-source.ts'

const request = { name: 'pin', prompt: 'PIN of YubiKey 1' } as const
const PLANTED = 'hunter2-planted'
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secret-'))
  await writeFile(join(folder, 'pin'), `${PLANTED}\r\nsecond line\n`)
  await writeFile(join(folder, 'pin-of-an-editor'), `\ufeff${PLANTED}\r\n`)
})
afterAll(() => rm(folder, { recursive: true }))

describe('a secret comes from', () => {
  it.each<[string, () => string, Record<string, string>]>([
    ['the first line of a file', () => `file:${folder}/pin`, {}],
    ['an environment variable', () => 'env:PIN', { PIN: PLANTED }],
    ['a file with a byte order mark', () => `file:${folder}/pin-of-an-editor`, {}],
    ['a systemd credential', () => 'credential:pin', { CREDENTIALS_DIRECTORY: '.' }],
    ['a file descriptor', () => `fd:${openSync(join(folder, 'pin'), 'r')}`, {}],
    ['what a command prints', () => `exec:cat ${folder}/pin`, {}],
  ])('%s', async (_what, source, env) => {
    const directory = env.CREDENTIALS_DIRECTORY === undefined ? env : { CREDENTIALS_DIRECTORY: folder }
    const secret = await readSecret(source(), request, { env: directory })
    expect(secret.text()).toBe(PLANTED)
    expect(`${secret} ${JSON.stringify({ secret })} ${inspect(secret, { depth: 9, showHidden: true })}`).not.toContain(
      PLANTED,
    )
  })

  it('a person, where one can be asked', async () => {
    const secret = await readSecret('prompt', request, {
      prompt: async (message) => (message === request.prompt ? PLANTED : ''),
    })
    expect(secret.text()).toBe(PLANTED)
    await expect(readSecret('prompt', request)).rejects.toMatchObject({ code: 'config.secret' })
  })
})

describe('a command that gives a secret', () => {
  const env = { PATH: process.env.PATH, PIN: PLANTED, CA_PASSWORD: PLANTED, VAULT_TOKEN: 'a token' }

  it('gets no secret by its environment, but what the configuration lists', async () => {
    const script = join(folder, 'show-environment')
    await writeFile(script, '#!/bin/sh\nenv | tr "\\n" ";"\n', { mode: 0o700 })
    const secret = await readSecret(`exec:${script}`, request, { env, passed: ['VAULT_TOKEN'] })
    expect(secret.text()).toContain('VAULT_TOKEN=a token')
    expect(secret.text()).not.toContain(PLANTED)
  })

  it('that is stopped is called stopped, at once', async () => {
    const script = join(folder, 'wait')
    await writeFile(script, '#!/bin/sh\nsleep 600\n', { mode: 0o700 })
    const stop = new AbortController()
    const reading = readSecret(`exec:${script}`, request, { env, signal: stop.signal })
    stop.abort()
    await expect(reading).rejects.toMatchObject({ message: expect.stringContaining('was stopped') })
  })

  it('that takes too long is called timed out', async () => {
    const script = join(folder, 'hang')
    await writeFile(script, '#!/bin/sh\nsleep 600\n', { mode: 0o700 })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const reading = readSecret(`exec:${script}`, request, { env })
      const caught = expect(reading).rejects.toMatchObject({
        message: expect.stringContaining('timed out after 30 s'),
        remedy: expect.stringContaining('programEnvironment'),
      })
      await vi.advanceTimersByTimeAsync(30_000)
      await caught
    } finally {
      vi.useRealTimers()
    }
  })

  it.each([
    ['exec:false', 'ended with exit code 1'],
    ['exec:/nonexistent/command', 'could not be started: there is no such file'],
  ])('%s: %s', async (source, why) => {
    await expect(readSecret(source, request, { env })).rejects.toMatchObject({ message: expect.stringContaining(why) })
  })
})

describe('a source that gives nothing', () => {
  it.each([
    ['a file that is not there', 'file:/nonexistent/pin'],
    ['a variable that is not set', 'env:NO_SUCH_VARIABLE'],
    ['a command that fails', 'exec:false'],
    ['a command that does not exist', 'exec:/nonexistent/command'],
    ['a command that prints nothing', 'exec:true'],
    ['a descriptor that is not open', 'fd:999'],
    ['no systemd', 'credential:pin'],
    ['the secret itself', PLANTED],
    ['a credential with a path', 'credential:../../etc/passwd'],
  ])('is an error with a remedy and without the secret: %s', async (_what, source) => {
    const error: unknown = await readSecret(source, request, { env: {} }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ exitCode: 2, remedy: expect.stringMatching(/\S/) })
    expect(inspect(error, { depth: 9 })).not.toContain(PLANTED)
  })
})
