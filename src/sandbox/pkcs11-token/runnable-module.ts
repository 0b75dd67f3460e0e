import { mkdtemp } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * The URL of a module that Node can run by itself, in a worker or a process of its own. In the bundle that is the module's
 * own chunk. From the TypeScript sources (the tests) it is bundled into `directory` first.
 * `moduleUrl`: the module's `import.meta.url`.
 */
export async function runnableModule(moduleUrl: string, directory: string): Promise<URL> {
  if (!moduleUrl.endsWith('.ts')) return new URL(moduleUrl)
  // A development dependency: kept out of the bundle's sight by the variable.
  const bundler: string = 'esbuild'
  const { build }: typeof import('esbuild') = await import(bundler)
  const folder = await mkdtemp(join(directory, 'module-'))
  const outfile = join(folder, basename(fileURLToPath(moduleUrl)).replace(/\.ts$/, '.mjs'))
  await build({
    entryPoints: [fileURLToPath(moduleUrl)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
  })
  return pathToFileURL(outfile)
}
