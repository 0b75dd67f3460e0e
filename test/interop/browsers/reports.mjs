// Reports of ceremonies with hostile words in all that people type: nothing of it runs, nothing leaves the page, and it prints to A4.
// Usage: reports.mjs chrome|firefox REPORTS FOLDER. Keeps screenshots and PDFs in the folder.
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openPage } from './browser.mjs'

const [name, reports, pictures] = process.argv.slice(2)
/** As test/tools/ceremony-reports.ts plants it. */
const MARKUP = `<img src=x onerror="alert('owned')"><script>alert(1)</script>`
/** Of A4, in points; what a browser rounds. */
const [WIDTH, HEIGHT, ROUNDING] = [595.28, 841.89, 1]

let failures = 0
const server = createServer((_, response) => response.end())
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const address = `http://127.0.0.1:${server.address().port}/`

const files = readdirSync(reports).filter((file) => file.endsWith('.html'))
for (const file of files) await look(join(reports, file), basename(file, '.html'))
server.close()
if (files.length !== 6 || failures > 0) {
  console.error(`${name}: ${files.length} reports, ${failures} failures`)
  process.exit(1)
}

async function look(file, family) {
  const claim = (what, holds, detail = '') => {
    console.log(`${holds ? 'ok    ' : 'FAILED'} ${name}: report of ${family}: ${what}${holds ? '' : `: ${detail}`}`)
    if (!holds) failures++
  }
  const { browser, page, requests, dialogs, faults } = await openPage(name, file)
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  // Once more, now that the console is listened to.
  await page.reload()
  const seen = await page.evaluate((markup) => {
    const text = document.body.textContent
    return {
      planted: text.split(markup).length - 1,
      // As RFC 4514 escapes it.
      inSubject: text.includes(markup.replace(/[<>="]/g, '\\$&')),
      turning: /[\u202a-\u202e\u2066-\u2069]/.test(text),
      strangers: document.querySelectorAll('script, img, iframe, object, embed, link, form, a').length,
      handlers: [...document.querySelectorAll('*')].filter((each) =>
        [...each.attributes].some((attribute) => attribute.name.startsWith('on')),
      ).length,
      verdict: document.querySelector('.verdict strong')?.textContent ?? '',
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }
  }, MARKUP)
  claim('hostile words are shown as text', seen.planted > 15 && seen.inSubject && !seen.turning, JSON.stringify(seen))
  claim('and become nothing else', seen.strangers === 0 && seen.handlers === 0, JSON.stringify(seen))
  claim('the verdict is there', seen.verdict.startsWith('Genuine, acceptable'), seen.verdict)
  claim('nothing is wider than the screen', seen.overflow <= 0, `${seen.overflow}px`)
  claim('no dialog, no error on the console', dialogs.length + faults.length === 0, [...dialogs, ...faults].join('; '))
  await page.screenshot({ path: join(pictures, `${name}-report-${family}.png`), fullPage: true })

  if (name === 'chrome') {
    const path = join(pictures, `report-${family}.pdf`)
    await page.pdf({ path, preferCSSPageSize: true })
    const pdf = readFileSync(path).toString('latin1')
    const boxes = [...pdf.matchAll(/\/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]/g)]
    const pages = [...pdf.matchAll(/\/Type\s*\/Page\b/g)].length
    const isA4 = ([, width, height]) => Math.abs(width - WIDTH) < ROUNDING && Math.abs(height - HEIGHT) < ROUNDING
    claim(
      'prints to several pages of A4',
      pages > 1 && boxes.length === pages && boxes.every(isA4),
      `${pages} pages; ${boxes.map(([box]) => box).join(' ')}`,
    )
  }

  const arrival = once(server, 'request').then(() => ['arrived'])
  const attempts = page.evaluate(async (target) => {
    const violated = new Promise((resolve) => {
      const kinds = new Set()
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
        kinds.add(effectiveDirective)
        if (kinds.size === 3) resolve([...kinds].sort())
      })
    })
    await fetch(target).catch(() => undefined)
    for (const tag of ['img', 'script'])
      document.body.append(Object.assign(document.createElement(tag), { src: target }))
    return violated
  }, address)
  const blocked = await Promise.race([attempts, arrival])
  claim('its policy lets nothing out', blocked.join() === 'connect-src,img-src,script-src-elem', blocked.join())
  const elsewhere = requests.filter((each) => each !== pathToFileURL(file).href && !each.startsWith(address))
  claim('nothing else was asked for', elsewhere.length === 0, elsewhere.join(' '))
  await browser.close()
}
