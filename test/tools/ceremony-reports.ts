/** `node dist/tools/ceremony-reports.js FOLDER`: FAMILY.html, the report of a rehearsed ceremony on each double, with hostile words in all that people type. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { contentOf, readBundle } from '../../src/bundle/bundle-files.ts'
import { DOUBLES } from '../../src/sandbox/doubles.ts'
import { startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runProgram } from '../enrollment/built-program.ts'

/** The browser's side looks for it: `reports.mjs`. */
const MARKUP = `<img src=x onerror="alert('owned')"><script>alert(1)</script>`
const hostile = (what: string): string => `${what} ${MARKUP} \u202egpj`

const [target] = process.argv.slice(2)
if (target === undefined) throw new Error('specify the folder to write to')
await mkdir(target, { recursive: true })
for (const family of Object.keys(DOUBLES)) await writeFile(join(target, `${family}.html`), await reportOf(family))

async function reportOf(family: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'report-'))
  const rehearsal = await startRehearsal({
    directory: join(folder, 'r'),
    device: family,
    algorithm: 'P-256',
    request: { subject: `CN=${MARKUP.replace(/[<>="+,;\\]/g, '\\$&')},O=Example Signing GmbH,C=NL` },
  })
  try {
    // Its name goes into the certificate.
    const profile = parse(await readFile(rehearsal.profile, 'utf8'))
    profile.order.organizationName = MARKUP
    await writeFile(rehearsal.profile, stringify(profile))
    const run = async (args: readonly string[]): Promise<string> => {
      const env = { ...rehearsal.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: folder }
      const { code, stdout, stderr } = await runProgram(['ceremony', ...args], { env })
      if (code !== 0) throw new Error(`${family}: ${stderr}`)
      return stdout
    }
    const script = parse(await run(['template', family]))
    script.title = hostile('Ceremony')
    for (const step of script.steps) step.text = hostile(step.text)
    const photograph = `${MARKUP.replaceAll('/', '')}.jpg`
    const answers = {
      people: Object.fromEntries(script.roles.map(({ id }: { id: string }) => [id, [hostile(id)]])),
      steps: { [script.steps[0].id]: { note: hostile('A digression'), attach: [photograph] } },
    }
    await writeFile(join(folder, photograph), 'a photograph')
    await writeFile(join(folder, 'script.yaml'), stringify(script))
    await writeFile(join(folder, 'answers.yaml'), stringify(answers))
    const files = ['--profile', rehearsal.profile, '--answers', join(folder, 'answers.yaml')]
    await run(['run', join(folder, 'script.yaml'), ...files, '--yes', '--wait', '-o', join(folder, 'b.zip')])
    const page = contentOf(readBundle(await readFile(join(folder, 'b.zip'))), 'report.html')
    if (page === undefined) throw new Error(`${family}: the bundle has no report`)
    return page
  } finally {
    await rehearsal.close()
    await rm(folder, { recursive: true })
  }
}
