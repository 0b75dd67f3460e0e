// `npm run sbom`: what is installed with the program, as CycloneDX, by npm itself. npm names the root by its folder; it gets its own name.
// What is only for development is left out here: npm's --omit=dev also leaves out a dependency that one of those may use, too (yaml).
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cwd = join(dirname(fileURLToPath(import.meta.url)), '..')
const { name } = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'))
const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--loglevel=error']
const text = execFileSync('npm', args, {
  cwd,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
  maxBuffer: 64 << 20,
  shell: process.platform === 'win32',
})
const bom = JSON.parse(text)
bom.metadata.component.name = name
const isDevelopment = ({ properties = [] }) => properties.some((each) => each.name === 'cdx:npm:package:development')
bom.components = bom.components.filter((component) => !isDevelopment(component))
const kept = new Set([bom.metadata.component, ...bom.components].map((component) => component['bom-ref']))
bom.dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }))
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`)
