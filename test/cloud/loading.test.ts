import { resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')

/** Packages that load at once with an entry: static imports alone, through every chunk. */
async function packagesLoadedWith(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: { entry: resolve(ROOT, entry) },
    outdir: 'out',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    write: false,
    metafile: true,
    absWorkingDir: ROOT,
  })
  return [...staticPackages(metafile, 'out/entry.js', new Set())].filter((name) => !name.startsWith('node:')).sort()
}

function staticPackages(metafile: Metafile, output: string, seen: Set<string>): Set<string> {
  const packages = new Set<string>()
  if (seen.has(output)) return packages
  seen.add(output)
  for (const { path, kind, external } of metafile.outputs[output]?.imports ?? []) {
    if (kind !== 'import-statement') continue
    if (external) packages.add(path)
    else for (const name of staticPackages(metafile, path, seen)) packages.add(name)
  }
  return packages
}

describe('start-up', () => {
  it.each([
    'devices/open.ts',
    'devices/fortanix/family.ts',
    'devices/marvell-google/family.ts',
    'devices/fortanix/fortanix-device.ts',
    'devices/marvell-google/marvell-google-device.ts',
    'src/cli/main.ts',
  ])('%s loads neither undici nor google-auth-library', async (entry) => {
    const packages = await packagesLoadedWith(entry)
    expect(packages).not.toContain('undici')
    expect(packages).not.toContain('google-auth-library')
  })
})
