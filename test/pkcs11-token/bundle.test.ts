import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram as runHsmEnroll } from '../enrollment/built-program.ts'
import { installed, runProgram } from './running-token.ts'

/** A program as the CLI is one: it loads the doubles when it needs them, from chunks of its own bundle. */
const PROGRAM = `
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
const run = promisify(execFile)
const [family, directory] = process.argv.slice(2)
const { startDouble } = family === 'luna'
  ? await import(${JSON.stringify(resolve('src/sandbox/luna/double.ts'))})
  : await import(${JSON.stringify(resolve('src/sandbox/nshield/double.ts'))})
const double = await startDouble({ directory })
const env = { ...process.env, ...double.environment }
const listed = await run('pkcs11-tool', ['--module', double.settings.module, '-L'], { env })
const tool = family === 'luna'
  ? run(double.cmu, ['list', '-password', double.secrets.pin])
  : run(double.nfkmattest, ['bundle', 'pkcs11', 'ua00'], { cwd: directory })
const { stdout, stderr } = await tool.catch((error) => error)
if (process.argv[4] !== 'abandon') await double.close()
console.log(JSON.stringify({ listed: listed.stdout, tool: stdout + stderr, anchors: double.trustAnchors.length }))
`

describe.runIf(installed('pkcs11-tool'))('the doubles from the bundle', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bundle-'))
    await writeFile(join(folder, 'program.ts'), PROGRAM)
    await build({
      entryPoints: { 'cli/main': join(folder, 'program.ts') },
      outdir: join(folder, 'dist'),
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      outExtension: { '.js': '.mjs' },
      logLevel: 'silent',
    })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('do not carry the bundler with them', async () => {
    const main = await readFile(join(folder, 'dist', 'cli', 'main.mjs'), 'utf8')
    expect(main.length).toBeLessThan(20_000)
  })

  it.each([
    ['luna', 'sandbox-partition', 'Certificate Management Utility', 2],
    ['nshield', 'sandbox-softcard', 'nfkmattest: key pkcs11 ua00 not found', 1],
  ])('%s runs with its tool and leaves no socket', async (family, label, said, anchors) => {
    const directory = join(folder, family)
    await mkdir(directory, { mode: 0o700 })
    const { code, stdout, stderr } = await runProgram(process.execPath, [
      join(folder, 'dist', 'cli', 'main.mjs'),
      family,
      directory,
    ])
    expect(code, stderr).toBe(0)
    const result = JSON.parse(stdout) as Readonly<Record<string, unknown>>
    expect(result.listed).toContain(label)
    expect(result.tool).toContain(said)
    expect(result.anchors).toBe(anchors)
    expect(existsSync(join(directory, 'pkcs11.sock'))).toBe(false)
    expect(existsSync(join(directory, 'control.sock'))).toBe(false)
  })

  it('a caller that forgets to close ends all the same', async () => {
    const directory = join(folder, 'abandoned')
    await mkdir(directory, { mode: 0o700 })
    const program = join(folder, 'dist', 'cli', 'main.mjs')
    const { code, signal } = await runProgram(process.execPath, [program, 'nshield', directory, 'abandon'])
    expect({ code, signal }).toEqual({ code: 0, signal: null })
  })

  // Another bundler than here made the program: both have to leave what a process of its own calls.
  it.each(['luna', 'nshield'])('of hsm-enroll itself: a key on %s is attested by its tool', async (device) => {
    const { code, stderr } = await runHsmEnroll(['demo', '--device', device], { env: { TMPDIR: folder } })
    expect(code, stderr).toBe(0)
  })
})
