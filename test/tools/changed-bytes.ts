/**
 * Bundles with one byte changed, judged by both verifiers: `bundle verify` and contrib/verify-bundle.py. Half of them as they would be
 * damaged (any byte of the archive), half as an attacker would change them (a byte of a file, the archive written anew around it).
 */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { writeStoredZip } from '../../src/archive/stored-zip.ts'
import { readBundle } from '../../src/bundle/bundle-files.ts'
import { type BundleContext, verifyBundle } from '../../src/bundle/verify-bundle.ts'
import { Random } from './random.ts'

const PYTHON = resolve(import.meta.dirname, '../../contrib/verify-bundle.py')

/** Reads bundles from stdin, each after its length, and prints the broken parts of each as a line of JSON. */
const DRIVER = `
import importlib.util, json, struct, sys
spec = importlib.util.spec_from_file_location('verify_bundle', sys.argv[1])
module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)
witnesses, ca = json.load(open(sys.argv[2])), sys.argv[3]
while head := sys.stdin.buffer.read(4):
    broken, _ = module.verify(sys.stdin.buffer.read(struct.unpack('<I', head)[0]), witnesses, ca)
    print(json.dumps([part for part, _ in broken]), flush=True)
`

export interface ByteTrial {
  readonly bundle: Uint8Array
  readonly context: BundleContext
  /** Files of the same witnesses and anchors, for the other verifier. */
  readonly witnessFile: string
  readonly anchorFile: string
}

export interface ByteCounts {
  readonly damaged: number
  readonly rewritten: number
  /** By the part that was changed: how often. */
  readonly parts: ReadonlyMap<string, number>
  /** What one of the two did not find, or did not name. */
  readonly faults: readonly string[]
}

/** Changes one byte `count` times. */
export async function changeBytes(
  { bundle, context, witnessFile, anchorFile }: ByteTrial,
  count: number,
  seed: number,
): Promise<ByteCounts> {
  const random = new Random(seed)
  const entries = readBundle(bundle)
  const python = spawn('python3', ['-c', DRIVER, PYTHON, witnessFile, anchorFile], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  const parts = new Map<string, number>()
  const faults: string[] = []
  const counts = { damaged: 0, rewritten: 0 }
  try {
    for (let trial = 0; trial < count; trial++) {
      const isDamage = trial % 2 === 0
      const { bytes, part, what } = isDamage ? damage(bundle, random) : rewrite(entries, random)
      counts[isDamage ? 'damaged' : 'rewritten']++
      parts.set(part, (parts.get(part) ?? 0) + 1)
      const ours = verifyBundle(bytes, context).checks.flatMap((check) => (check.status === 'fail' ? [check.part] : []))
      const length = Buffer.alloc(4)
      length.writeUInt32LE(bytes.length, 0)
      python.stdin.write(Buffer.concat([length, bytes]))
      const { value, done } = await lines.next()
      if (done === true) throw new Error('the other verifier ended')
      const theirs = JSON.parse(value) as readonly string[]
      const named =
        part === 'archive'
          ? ours.length > 0 && ours.join() === theirs.join()
          : [ours, theirs].every((found) => found.includes(part))
      if (!named) faults.push(`${what}: hsm-enroll [${ours.join(', ')}], Python [${theirs.join(', ')}]`)
    }
  } finally {
    python.stdin.end()
    python.kill()
  }
  return { ...counts, parts, faults }
}

interface Changed {
  readonly bytes: Uint8Array
  /** The file whose byte it is; `archive` for any byte of the whole. */
  readonly part: string
  readonly what: string
}

function flip(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const changed = Uint8Array.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ (1 + random.below(255))
  return changed
}

function damage(bundle: Uint8Array, random: Random): Changed {
  const at = random.below(bundle.length)
  return { bytes: flip(bundle, at, random), part: 'archive', what: `byte ${at} of the archive` }
}

/**
 * Only files that somebody vouches for: those of the statement, and the statement. A signature has octets that mean nothing (the
 * armour's, an untrusted comment), and whoever rewrites one only takes that signature away.
 */
function rewrite(entries: ReturnType<typeof readBundle>, random: Random): Changed {
  const covered = entries.filter(({ name, content }) => content.length > 0 && !/^(signatures|timestamps)\//.test(name))
  const chosen = random.pick(covered)
  const at = random.below(chosen.content.length)
  const changed = { name: chosen.name, content: flip(chosen.content, at, random) }
  const bytes = writeStoredZip(entries.map((entry) => (entry.name === changed.name ? changed : entry)))
  return { bytes, part: chosen.name, what: `byte ${at} of ${chosen.name}, in an archive written anew` }
}
