// The notices of everybody whose code the bundle carries: their licences ask for it.
import { readdirSync, readFileSync } from 'node:fs'

const NOTICE = /^(licen[cs]e|copying|notice)(\.|-|$)/i

/** `inputs`: the file names of esbuild's metafile. Throws where a package has no notice to show. */
export function thirdPartyNotices(inputs) {
  const folders = inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0] ?? [])
  return [...new Set(folders)]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
      const texts = readdirSync(folder)
        .filter((file) => NOTICE.test(file))
        .sort()
        .map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim())
      if (texts.length === 0) texts.push(...inReadme(folder))
      if (texts.length === 0) throw new Error(`${name} ${version} (${license}) has no notice to show`)
      return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`
    })
    .join(`\n${'-'.repeat(72)}\n\n`)
}

/** Some print it at the end of their README and nowhere else. */
function inReadme(folder) {
  const readme = readdirSync(folder).find((file) => /^readme\.md$/i.test(file))
  const text = readme === undefined ? '' : readFileSync(`${folder}/${readme}`, 'utf8')
  const [, licence] = /^(?:#+ *Licen[cs]e\n|Licen[cs]e\n-+\n)([\s\S]*Copyright[\s\S]*)/im.exec(text) ?? []
  return licence === undefined ? [] : [licence.trim()]
}
