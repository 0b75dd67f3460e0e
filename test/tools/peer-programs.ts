/** Builds the verifiers of other languages from packages of their registries, pinned, into a folder of this project's cache. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** One verifier: what it is, and what runs it on a folder of pairs. */
export interface PeerProgram {
  readonly name: string
  readonly command: readonly [program: string, ...args: string[]]
  readonly environment?: Readonly<Record<string, string>>
}

const SOURCES = resolve(import.meta.dirname, '../../test/peers')

/** Throws where Go (with cgo and the headers of pcsc-lite) or Python is missing, with what its tools say. */
export function buildPeers(cache: string): readonly PeerProgram[] {
  mkdirSync(cache, { recursive: true })
  return [goPeer(cache), pythonPeer(cache)]
}

/** go.sum pins what is downloaded. One processor is all that the runtime may use. */
function goPeer(cache: string): PeerProgram {
  const program = join(cache, 'piv-go')
  run('go', ['build', '-trimpath', '-o', program, '.'], join(SOURCES, 'piv-go'))
  const version = /piv-go\/v2 (\S+)/.exec(readFileSync(join(SOURCES, 'piv-go/go.mod'), 'utf8'))?.[1]
  return { name: `piv-go ${version}, ${goVersion()}`, command: [program], environment: { GOMAXPROCS: '1' } }
}

const goVersion = (): string => /go(\d\S*)/.exec(run('go', ['version'], '.'))?.[0] ?? 'go'

function pythonPeer(cache: string): PeerProgram {
  const venv = join(cache, 'python')
  const python = join(venv, 'bin/python')
  const requirements = join(SOURCES, 'cryptography/requirements.txt')
  const installed = join(venv, 'installed.txt')
  const wanted = readFileSync(requirements, 'utf8')
  if (!existsSync(installed) || readFileSync(installed, 'utf8') !== wanted) {
    run('python3', ['-m', 'venv', venv], '.')
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements], '.')
    copyFileSync(requirements, installed)
  }
  return {
    name: `Python, ${wanted.trim().replace('==', ' ')}, both signatures`,
    command: [python, join(SOURCES, 'cryptography/verify.py')],
  }
}

const run = (program: string, args: readonly string[], cwd: string): string =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
