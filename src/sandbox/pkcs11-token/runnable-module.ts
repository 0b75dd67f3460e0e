import { mkdtemp, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isSea } from 'node:sea'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { EnrollError } from '../../errors.ts'

/**
 * The URL of a module that Node can run by itself, in a worker or a process of its own. In the bundle that is the module's
 * own chunk. From the TypeScript sources (the tests) it is bundled into `directory` first.
 * `moduleUrl`: the module's `import.meta.url`.
 */
export async function runnableModule(moduleUrl: string, directory: string): Promise<URL> {
  if (isSea())
    throw new EnrollError(
      'usage',
      'Could not start the double: the single-file program holds no double of a PKCS#11 module.',
      {
        remedy: 'Rehearse with another family (`--hsm-type YUBIHSM2`), or install the npm package.',
      },
    )
  if (!moduleUrl.endsWith('.ts')) return new URL(moduleUrl)
  const source = fileURLToPath(moduleUrl)
  const folder = await mkdtemp(join(directory, 'module-'))
  const file = join(folder, basename(source).replace(/\.ts$/, '.mjs'))
  await writeFile(file, await bundled(source))
  return pathToFileURL(file)
}

const bundles = new Map<string, Promise<Uint8Array>>()

/** Once per process and source: the sources do not change under a running test. */
function bundled(source: string): Promise<Uint8Array> {
  const known = bundles.get(source)
  if (known !== undefined) return known
  const made = bundle(source)
  bundles.set(source, made)
  return made
}

async function bundle(source: string): Promise<Uint8Array> {
  // A development dependency: kept out of the bundle's sight by the variable.
  const bundler: string = 'esbuild'
  const { build }: typeof import('esbuild') = await import(bundler)
  const { outputFiles } = await build({
    entryPoints: [source],
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`nothing was built from ${source}`)
  return file.contents
}
