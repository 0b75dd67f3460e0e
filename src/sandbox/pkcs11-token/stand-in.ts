import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runnableModule } from './runnable-module.ts'

export interface StandIn {
  /** The vendor's name of the program: `cmu`. */
  readonly name: string
  /** `import.meta.url` of the module that plays it. */
  readonly moduleUrl: string
  /** What the module exports: `(args, controlPath) => Promise<exit code>`. */
  readonly exportName: string
  readonly controlPath: string
}

/** Writes an executable that plays a vendor's program against a running token. Returns its path. */
export async function writeStandIn(directory: string, standIn: StandIn): Promise<string> {
  const url = await runnableModule(standIn.moduleUrl, directory)
  const script = join(directory, `${standIn.name}.cjs`)
  await writeFile(
    script,
    [
      `import(${JSON.stringify(url.href)})`,
      `  .then((module) => module[${JSON.stringify(standIn.exportName)}](process.argv.slice(2), ${JSON.stringify(standIn.controlPath)}))`,
      '  .then((code) => { process.exitCode = code })',
      '',
    ].join('\n'),
  )
  const program = join(directory, standIn.name)
  await writeFile(program, `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(script)} "$@"\n`)
  await chmod(program, 0o700)
  return program
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
