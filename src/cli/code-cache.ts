/** What Node.js passes to the code of a CommonJS module, in this order. */
const HEAD = Buffer.from('(function (exports, require, module, __filename, __dirname) {')
const TAIL = Buffer.from('\n})')
/** SHA-256 of the code, and of what V8 compiled of it. */
const DIGEST_BYTES = 64

/** A chunk that ran without a cache, and what one is written from in the end. */
interface Uncached {
  readonly file: string
  readonly code: Buffer
  readonly script: { readonly createCachedData: () => Buffer }
}

/** As a chunk asks for another one (`./name.js`), a built-in, or a package. */
type Load = (id: string) => unknown

/**
 * `plainly`, as Node.js loads what is in `folder`; but what V8 compiles of the chunks is kept beside them, in `code-cache`, as Python does in
 * `__pycache__`: compiling takes longer than most commands do. A command that ran without it writes it when it ends, with the functions
 * that it called; for each chunk, release of Node.js and processor. V8 itself refuses what another build or other flags of it have
 * compiled, but looks neither at the code nor at what is damaged: so each file begins with digests of both. That guards against accidents.
 * Whoever can write there can write the program, too, and nothing is written in a folder of somebody else's. No fault of it ends a command,
 * or is said.
 *
 * Not for who sets NODE_DISABLE_COMPILE_CACHE (as for the cache of Node.js itself, which forgets the functions that were called), and not
 * while code is traced back to its sources, or counted: V8 then has to compile it.
 */
export function withCodeCache(folder: string, plainly: Load): Load {
  const { env } = process
  if (env.NODE_DISABLE_COMPILE_CACHE !== undefined || env.NODE_V8_COVERAGE !== undefined || process.sourceMapsEnabled)
    return plainly
  const loaded = new Map<string, { readonly exports: unknown }>()
  const uncached: Uncached[] = []

  function load(id: string): unknown {
    if (!id.startsWith('./')) return plainly(id)
    const known = loaded.get(id)
    if (known !== undefined) return known.exports
    const name = id.slice('./'.length)
    const filename = process.getBuiltinModule('node:path').join(folder, name)
    const run = compile(filename, `${folder}/code-cache/${name}-${process.version}-${process.arch}`)
    // Without a prototype, it is a table from the start: names are added to no end.
    const module = { exports: Object.create(null) }
    loaded.set(id, module)
    try {
      run(module.exports, load, module, filename, folder)
    } catch (fault) {
      // Half of it is no module: as for Node.js, who asks again meets the fault again.
      loaded.delete(id)
      throw fault
    }
    return module.exports
  }

  function compile(filename: string, file: string): (...parameters: readonly unknown[]) => void {
    const code = Buffer.concat([HEAD, readCode(filename), TAIL])
    const cachedData = readCache(file, code)
    const { Script } = process.getBuiltinModule('node:vm')
    // The build writes ASCII.
    const script = new Script(code.toString('latin1'), {
      filename,
      ...(cachedData === undefined ? {} : { cachedData }),
    })
    if (cachedData === undefined || script.cachedDataRejected === true) {
      if (uncached.length === 0) process.once('exit', () => writeCache(folder, uncached))
      uncached.push({ file, code, script })
    }
    return script.runInThisContext()
  }

  return load
}

/** Throws for a missing file what Node.js throws where it loads a module, as that is none of the user's own files. */
function readCode(filename: string): Buffer {
  try {
    return process.getBuiltinModule('node:fs').readFileSync(filename)
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault
    throw Object.assign(new Error(`Cannot find module '${filename}'`, { cause: fault }), { code: 'MODULE_NOT_FOUND' })
  }
}

function digests(code: Buffer, cachedData: Buffer): Buffer {
  const { hash } = process.getBuiltinModule('node:crypto')
  return Buffer.concat([hash('sha256', code, 'buffer'), hash('sha256', cachedData, 'buffer')])
}

/** Undefined where there is none for this very code, as it was written. */
function readCache(file: string, code: Buffer): Buffer | undefined {
  const { closeSync, constants, openSync, readFileSync } = process.getBuiltinModule('node:fs')
  try {
    const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    try {
      const content = readFileSync(descriptor)
      const cachedData = content.subarray(DIGEST_BYTES)
      return content.subarray(0, DIGEST_BYTES).equals(digests(code, cachedData)) ? cachedData : undefined
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}

function writeCache(folder: string, uncached: readonly Uncached[]): void {
  const { lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } = process.getBuiltinModule('node:fs')
  /** Nobody else's, and no link: root leaves nothing in the clone of a user. */
  const isOwn = (path: string): boolean => {
    const found = lstatSync(path)
    return found.isDirectory() && (process.geteuid === undefined || found.uid === process.geteuid())
  }
  try {
    const caches = `${folder}/code-cache`
    if (!isOwn(folder)) return
    mkdirSync(caches, { recursive: true, mode: 0o755 })
    if (!isOwn(caches)) return
    for (const { file, code, script } of uncached) {
      const cachedData = script.createCachedData()
      const unfinished = `${file}.${process.pid}`
      try {
        writeFileSync(unfinished, Buffer.concat([digests(code, cachedData), cachedData]), { flag: 'wx', mode: 0o644 })
        renameSync(unfinished, file)
      } catch (fault) {
        rmSync(unfinished, { force: true })
        throw fault
      }
    }
  } catch {
    // The next command tries again.
  }
}
