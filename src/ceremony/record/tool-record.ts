/** What hsm-enroll ran on, as an auditor asks: the tool by its hash, Node.js, the operating system, the clock. */

import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { arch, platform, release } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { isSea } from 'node:sea'
import { programEnvironment, runProgram } from '../../../devices/run-program.ts'
import { sha256Hex } from '../../sha256-hex.ts'

export interface ToolRecord {
  readonly program: string
  /** SHA-256 of the list of its files, which is `tool-files.sums`. */
  readonly packageSha256: string
  readonly node: { readonly version: string; readonly sha256: string }
  readonly system: {
    readonly platform: string
    readonly release: string
    readonly arch: string
    readonly name?: string
  }
  /** What says whether the clock was right. `unknown` where no program of the system tells. */
  readonly clock: { readonly source: string; readonly words: string }
}

/** `sums`: in the form of `sha256sum`, of the files of the package that are run. */
export async function recordTool(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly record: ToolRecord; readonly sums: string }> {
  const root = isSea() ? dirname(process.execPath) : packageRoot(import.meta.dirname)
  const names = isSea() ? [basename(process.execPath)] : ['package.json', ...(await programFiles(root))].sort()
  const lines = await Promise.all(names.map(async (name) => `${await fileSha256(join(root, name))}  ${name}\n`))
  const sums = lines.join('')
  return {
    sums,
    record: {
      program,
      packageSha256: sha256Hex(sums),
      node: { version: process.version, sha256: await fileSha256(process.execPath) },
      system: { platform: platform(), release: release(), arch: arch(), ...(await systemName()) },
      clock: await askClock(programEnvironment(env)),
    },
  }
}

/** The nearest folder above with the package's own manifest: that of `dist/cli` only says how Node.js loads it. */
function packageRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json')) && basename(folder) !== 'cli') return folder
  if (dirname(folder) === folder) return folder
  return packageRoot(dirname(folder))
}

async function programFiles(root: string): Promise<readonly string[]> {
  const folders = ['dist', 'dist/cli']
  const names = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder)).catch(() => [])).map((name) => `${folder}/${name}`),
    ),
  )
  return names.flat().filter((name) => name.endsWith('.js'))
}

/** SHA-256 of a file of any size, hex. Throws what the system says. */
export async function fileSha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

async function systemName(): Promise<{ readonly name?: string }> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const name = /^PRETTY_NAME="?([^"\n]{1,100})"?$/m.exec(text)?.[1]
  return name === undefined ? {} : { name }
}

/** Who may know about the clock, in the order in which they are asked. */
const CLOCKS = [
  { source: 'chrony', command: 'chronyc', arguments: ['-n', 'tracking'] },
  { source: 'timedatectl', command: 'timedatectl', arguments: ['show'] },
] as const

async function askClock(environment: ReturnType<typeof programEnvironment>): Promise<ToolRecord['clock']> {
  for (const { source, command, arguments: args } of CLOCKS) {
    const end = await runProgram({ command, arguments: args, environment, timeout: 5000, maxOutput: 1 << 14 })
    if (end.kind === 'ended' && end.status === 0) return { source, words: end.stdout.toString('utf8').trim() }
  }
  return { source: 'unknown', words: 'neither chrony nor timedatectl tells' }
}
