import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZipEntry } from '../archive/zip-entries.ts'
import { PLACES } from '../bundle/bundle-files.ts'
import { CEREMONY_FILES } from './ceremony-folder.ts'
import { PROGRAMS_FILE } from './record/program-record.ts'
import { DEVICE_FILES } from './record/watched-services.ts'

/** What a bundle gets of a ceremony. The log is read last: it covers the others. */
export async function ceremonyFiles(folder: string): Promise<readonly ZipEntry[]> {
  const names = [
    CEREMONY_FILES.script,
    CEREMONY_FILES.tool,
    CEREMONY_FILES.toolFiles,
    PROGRAMS_FILE,
    DEVICE_FILES.openings,
    DEVICE_FILES.log,
    CEREMONY_FILES.log,
  ]
  const files: ZipEntry[] = []
  for (const name of names) {
    const content = await readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (content !== undefined) files.push({ name: `${PLACES.ceremony}${name}`, content })
  }
  return files
}
