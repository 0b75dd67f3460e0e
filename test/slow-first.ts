import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest of each project, by whatever they wait for: begun last, one of them would keep a single processor busy at the end. */
const SLOW = [
  'test/enrollment/renewal.test.ts',
  'test/enrollment/yubikey-replacing.test.ts',
  'test/enrollment/yubikey.test.ts',
  'test/double-check.test.ts',
  'test/ceremony/families.test.ts',
  'test/ceremony/killed.test.ts',
  'test/enrollment/pin-attempts.test.ts',
  'test/enrollment/families.test.ts',
  'test/enrollment/journal-cut.test.ts',
  'test/packaging.test.ts',
  'test/bundle/changed-bytes.test.ts',
  'test/enrollment/crash.test.ts',
  'test/enrollment/yubikey-crash.test.ts',
  'test/library/check-anywhere.test.ts',
  'test/cli/sandbox.test.ts',
  'test/ci-of-others.test.ts',
]

/** Files of one project follow each other: a process that they share ends where one of another project is next. */
const PROJECTS = ['alone', 'whole', 'unit']

/** Vitest starts with what took longest the last time; in a fresh clone there was none, and it goes by the size of the files. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config
    const gone = SLOW.filter((file) => !existsSync(join(root, file)))
    if (gone.length > 0) throw new Error(`test/slow-first.ts: there is no ${gone.join(', ')}`)
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const at = SLOW.findIndex((file) => moduleId === join(root, file))
      return PROJECTS.indexOf(project.name) * (SLOW.length + 1) + (at === -1 ? SLOW.length : at)
    }
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}
