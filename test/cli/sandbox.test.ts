import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { runProgram } from '../enrollment/built-program.ts'
import { startProgram } from '../enrollment/running-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'sandboxes-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a sandbox’s folder', () => {
  it('is held by one sandbox; the next one in it says what is gone', async () => {
    const directory = join(folder, 'one')
    const first = startProgram(['sandbox', '--firmware', '2.2-fips', '--directory', directory])
    await first.until(/Press Ctrl-C/)
    const [, connector = ''] = /connector=([^;\s]+)/.exec(first.stdout) ?? []
    const info = await fetch(`${connector}/connector/api`, { method: 'POST', body: Buffer.of(6, 0, 0) })
    expect([...new Uint8Array(await info.arrayBuffer())].slice(3, 6)).toEqual([2, 2, 0])
    const [above, root] = readFileSync(join(directory, 'device-root.pem'), 'utf8').split(/(?<=END CERTIFICATE-----\n)/)
    expect(new X509Certificate(above ?? '').verify(new X509Certificate(root ?? '').publicKey)).toBe(true)
    const profile = readFileSync(join(directory, 'profile.yaml'), 'utf8')
    const second = await runProgram(['sandbox', '--directory', directory])
    expect(second.code).toBe(2)
    expect(second.stderr).toContain(`is working on the sandbox in ${directory}`)
    expect(readFileSync(join(directory, 'profile.yaml'), 'utf8')).toBe(profile)
    await first.stop()

    const again = startProgram(['sandbox', '--directory', directory])
    await again.until(/Press Ctrl-C/)
    expect(again.stderr).toContain('Keys and orders of the sandbox that ran here before are gone')
    await again.stop()
  })
})

describe('one that never ran', () => {
  it.each([
    ['sandbox --device nosuch', 'yubihsm2'],
    ['demo --device nosuch', 'yubihsm2'],
    ['sandbox --device yubikey --firmware 5.7.9', 'Use one of 4.3.5, 4.3.4, 5.4.3, 5.4.3-fips, 5.7.4.'],
    ['sandbox --device fortanix --firmware 5.7.4', 'Leave out --firmware'],
  ])('leaves nothing behind, and says what there is: %s', async (command, remedy) => {
    const before = readdirSync(folder)
    const end = await runProgram(command.split(' '), { env: { TMPDIR: folder } })
    expect(end.code).toBe(2)
    expect(end.stderr).toContain(remedy)
    expect(readdirSync(folder)).toEqual(before)
  })
})

describe('one that cannot write a file', () => {
  it.each([
    ['tsa-ca.pem', 'yubihsm2'],
    ['ca.pem', 'yubihsm2'],
    ['device/service-account.json', 'marvell-google'],
  ])('ends, and says which: %s', async (file, device) => {
    const directory = mkdtempSync(join(folder, 'taken-'))
    mkdirSync(join(directory, file), { recursive: true })
    // It would not end as long as one of its servers listens.
    const end = await runProgram(['sandbox', '--device', device, '--directory', directory])
    expect(end.code, end.stderr).toBe(2)
    expect(end.stderr).toContain(join(directory, file))
  })
})

describe('a demo', () => {
  it('that is told to stop while modules load starts no enrolment', async () => {
    const [node = '', script = ''] = process.argv
    const stop = new AbortController()
    const directory = join(folder, 'stopped')
    const stderr = new Writable({
      decodeStrings: false,
      write: (text: string, _encoding, done) => {
        // Behind all that is done at once: the next that is waited for is a module.
        if (text.includes('The profile:')) queueMicrotask(() => stop.abort())
        done()
      },
    })
    process.argv[1] = resolve('dist/cli/main.js')
    try {
      const surroundings = { stdout: stderr, stderr, env: process.env, signal: stop.signal }
      expect(await runCli(['demo', '--directory', directory], surroundings)).toBe(2)
    } finally {
      process.argv.splice(0, 2, node, script)
    }
    expect(existsSync(join(directory, 'profile.yaml'))).toBe(true)
    expect(existsSync(join(directory, 'state'))).toBe(false)
  })

  it('of `npm run demo` is told when that script is told to stop', async () => {
    const script = spawn(process.execPath, ['scripts/demo.mjs', '--directory', join(folder, 'script')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = new Promise((done) => script.once('exit', (code, signal) => done({ code, signal })))
    let written = ''
    for await (const text of script.stderr.setEncoding('utf8')) {
      if (written === '') script.kill('SIGTERM')
      written += text
    }
    expect(await ended).toEqual({ code: 2, signal: null })
    expect(written).toContain('Stopping cleanly (SIGTERM)')
  })

  it('leaves nothing behind, unless a folder is named', async () => {
    const env = { TMPDIR: folder }
    const before = readdirSync(folder)
    const end = await runProgram(['demo'], { env })
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toContain('was removed')
    expect(readdirSync(folder)).toEqual(before)

    const kept = join(folder, 'kept')
    expect((await runProgram(['demo', '--directory', kept], { env })).code).toBe(0)
    expect(existsSync(join(kept, 'profile.yaml'))).toBe(true)
  })
})
