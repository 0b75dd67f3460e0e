import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openDevice } from '../../devices/open.ts'
import { type LunaDouble, startDouble } from '../../src/sandbox/luna/double.ts'
import { closing, deviceFailure, PrivateEnvironment, p11KitAvailable, recordedOptions } from './hsm-double.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.runIf(p11KitAvailable())('a process that dies inside the module', () => {
  let place: PrivateEnvironment
  let double: LunaDouble
  let program: string
  let child: ChildProcess | undefined
  beforeAll(async () => {
    place = new PrivateEnvironment()
    double = await startDouble({ directory: place.folder })
    place.set({ ...double.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: place.folder })
    program = join(place.folder, 'enrol-in-child.mjs')
    symlinkSync(resolve('node_modules'), join(place.folder, 'node_modules'))
    await build({
      entryPoints: [join(import.meta.dirname, 'enrol-in-child.ts')],
      outfile: program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: ['graphene-pk11', 'asn1js'],
      logLevel: 'silent',
    })
  })
  afterEach(async () => {
    child?.kill('SIGKILL')
    await double.control.setFaults()
    await double.control.request({ do: 'reset-statistics' })
  })
  afterAll(async () => {
    await double?.close()
    place.restore()
  })

  /** Starts the child and resolves when the call is inside the module. */
  const startInside = async (
    label: string,
  ): Promise<{
    child: ChildProcess
    output: () => string
    ended: Promise<number | string | null>
  }> => {
    const input = { uri: double.uri, settings: double.settings, pin: double.secrets.pin, label }
    const process = spawn(globalThis.process.execPath, [program, JSON.stringify(input)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = process
    let text = ''
    process.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    const ended = new Promise<number | string | null>((done) =>
      process.on('close', (code, signal) => done(code ?? signal)),
    )
    await expect.poll(async () => (await double.control.statistics()).calls.C_GenerateKeyPair).toBe(1)
    return { child: process, output: () => text, ended }
  }
  const options = () => recordedOptions(double.secrets, double.settings)

  it('after the key was made leaves it where the next process finds it, and its lock is taken over', async () => {
    await double.control.setFaults('C_GenerateKeyPair:after:delay=20000')
    const { child, ended } = await startInside('crashed')
    expect((await deviceFailure(openDevice(double.uri, options().open))).message).toContain(`process ${child.pid}`)
    child.kill('SIGABRT')
    expect(await ended).toBe('SIGABRT')
    await double.control.setFaults()
    const recorded = options()
    await closing(await openDevice(double.uri, recorded.open), async (device) => {
      const key = await device.findKey({ label: 'crashed', id: bytes('crashed') })
      expect(key).toBeDefined()
      expect(await key?.sign('SHA-256', bytes('x'))).toBeDefined()
      const again = await deviceFailure(
        device.generateKeyPair({ algorithm: 'P-256', label: 'crashed', id: bytes('crashed') }),
      )
      expect(again.code).toBe('key.exists')
    })
    const locks = readdirSync(place.folder).filter((name) => name.endsWith('.lock'))
    expect(locks.map((name) => readFileSync(join(place.folder, name), 'utf8'))).toEqual([''])
  })

  it('ends cleanly on Ctrl-C while the device is at work, and the key is found when it is done', async () => {
    await double.control.setFaults('C_GenerateKeyPair:after:delay=4000')
    const { child, ended, output } = await startInside('stopped')
    child.kill('SIGINT')
    expect(await ended).toBe(0)
    expect(output()).toContain('failed device.aborted')
    await double.control.setFaults()
    await closing(await openDevice(double.uri, options().open), async (device) => {
      expect(await device.findKey({ label: 'stopped', id: bytes('stopped') })).toBeDefined()
    })
  })

  it('without the addon says in one line what to install', async () => {
    const packages = join(place.folder, 'node_modules')
    renameSync(packages, `${packages}-aside`)
    try {
      const input = { uri: double.uri, settings: double.settings, pin: double.secrets.pin, label: 'x' }
      const output = execFileSync(process.execPath, [program, JSON.stringify(input)]).toString()
      expect(output).toMatch(/^failed device\.module: Could not load the PKCS#11 addon, .* is not installed .*npm /)
    } finally {
      renameSync(`${packages}-aside`, packages)
    }
  })
})
