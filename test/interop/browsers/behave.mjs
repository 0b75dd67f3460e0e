// What the page does with what a person does: files and pasted text through its fields, hostile labels, keys, print, attempts to get out.
// Usage: behave.mjs chrome|firefox PAGE CASES FOLDER. Keeps screenshots and PDFs in the folder.
import { execFileSync } from 'node:child_process'
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bytesOf, openPage } from './browser.mjs'

const [name, file, cases, pictures] = process.argv.slice(2)
const work = mkdtempSync(join(tmpdir(), 'page-'))
const failures = []
const claim = (what, holds, detail = '') => {
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${name}: ${what}${holds || detail === '' ? '' : `: ${detail}`}`)
  if (!holds) failures.push(what)
}

const wanted = []
for await (const line of createInterface({ input: createReadStream(cases) })) {
  const each = JSON.parse(line)
  if (each.name.startsWith('vector ') || each.name.startsWith('form ')) wanted.push(each)
}

const opened = await openPage(name, file)
const { browser, page, requests, dialogs, faults } = opened

/** The JSON that the page shows. */
const shownJson = () => page.evaluate(() => [...document.querySelectorAll('.answer pre')].at(-1)?.textContent)
const title = () => page.evaluate(() => document.querySelector('.verdict .title')?.textContent)
const start = () => page.evaluate(() => document.querySelector('button.clear').click())
const chosen = () => page.evaluate(() => document.querySelectorAll('.files li').length)
async function put(field, files) {
  const before = await chosen()
  const paths = files.map((each) => {
    writeFileSync(join(work, each.name), bytesOf(each.bytes))
    return join(work, each.name)
  })
  await (await page.$(`#${field}-file`)).uploadFile(...paths)
  await page.waitForFunction(
    (count) => document.querySelectorAll('.files li').length >= count,
    {},
    before + files.length,
  )
}
const ask = async ({ attestation, request, chains }) => {
  await start()
  await put('attestation', attestation)
  if (request !== undefined) await put('request', [request])
  if (chains !== undefined) await put('chains', [chains])
}

// 1. Through the fields.
let different = 0
for (const { name: what, question, expected } of wanted) {
  await ask(question)
  if ((await shownJson()) === expected.json) continue
  different++
  console.log(`  different: ${what}`)
}
claim(
  `${wanted.length} vectors and forms through the file fields show what check --json prints`,
  different === 0,
  `${different} differ`,
)

const textual = wanted.find(({ name: what }) => what.startsWith('vector tmc-attestation_1'))
if (textual !== undefined) {
  await start()
  for (const [field, each] of [
    ['attestation', textual.question.attestation[0]],
    ['request', textual.question.request],
  ])
    await page.evaluate(
      (id, text) => {
        const area = document.getElementById(id)
        area.value = text
        area.dispatchEvent(new Event('input', { bubbles: true }))
      },
      field,
      bytesOf(each.bytes).toString('latin1'),
    )
  claim('pasted text gives the same', (await shownJson()) === textual.expected.json)
  const base64 = await page.evaluate(() => {
    let copied
    navigator.clipboard.writeText = async (text) => {
      copied = text
    }
    ;[...document.querySelectorAll('.actions button')][0].click()
    return copied
  })
  claim('the base64 for the order is that of the package', base64 === textual.expected.base64)
}

// 2. Looks.
const [pass, refusal] = ['tmc-unit-0', 'gopiv-mismatch-a'].map((id) =>
  wanted.find(({ name: what }) => what === `vector ${id}`),
)
const looks = async (what) => {
  await page.screenshot({ path: join(pictures, `${name}-${what}.png`), fullPage: true })
}
if (pass !== undefined) {
  await ask(pass.question)
  await page.evaluate(() => {
    document.getElementById('fips').value = 'off'
    document.getElementById('fips').dispatchEvent(new Event('change'))
  })
  await looks('pass')
  await page.pdf({ path: join(pictures, `${name}-print.pdf`), format: 'a4' })
  const pdf = readFileSync(join(pictures, `${name}-print.pdf`))
  claim('prints to PDF', pdf.subarray(0, 5).toString() === '%PDF-' && pdf.length > 5000, `${pdf.length} bytes`)
  await page.evaluate(() => {
    document.getElementById('fips').value = 'refuse'
  })
}
if (refusal !== undefined) {
  await ask(refusal.question)
  claim('a refusal says so first', (await title()) === 'Not genuine', await title())
  await looks('refusal')
}

// 3. Hostile labels: in the name of a file, in a certificate, in an anchor that a user was talked into.
const MARKUP = `<img src=x onerror="alert('owned')"><script>alert(1)</script>`
const certificate = join(work, 'hostile.pem')
execFileSync(
  'openssl',
  [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    '/dev/null',
    '-subj',
    `/CN=${MARKUP.replaceAll('/', '\\/')}/O=\u202egnp.exe`,
    '-utf8',
    '-out',
    certificate,
  ],
  { stdio: 'pipe' },
)
await start()
await put('attestation', [
  { name: "<b onmouseover=alert(2)>'&.pem", bytes: { base64: readFileSync(certificate).toString('base64') } },
])
await page.waitForFunction(() => document.querySelector('.verdict .title')?.textContent === 'Not an attestation')
const seen = await page.evaluate(() => ({
  // Without the JSON, which is shown octet for octet.
  text: [...document.body.querySelectorAll('.answer section, .files, svg')].map((each) => each.textContent).join('\n'),
  strangers: document.querySelectorAll('img, b, iframe, object, body script ~ script').length,
}))
claim(
  'markup in a name is shown as text (RFC 4514 escapes it)',
  seen.text.includes(MARKUP.replace(/[<>="]/g, '\\$&')),
  seen.text,
)
claim('and becomes no element', seen.strangers === 0, `${seen.strangers} elements`)
claim(
  'what turns the direction of a line is made visible',
  seen.text.includes('\\u202e') && !seen.text.includes('\u202egnp'),
)
await looks('hostile')

// 4. Keys: whatever can be clicked can be reached and has a name.
await page.evaluate(() => {
  for (const each of document.querySelectorAll('details')) each.open = true
  document.activeElement?.blur()
  window.scrollTo(0, 0)
})
const reached = new Set()
for (let i = 0; i < 60; i++) {
  await page.keyboard.press('Tab')
  reached.add(
    await page.evaluate(() => {
      const { activeElement: at } = document
      if (at === null || at === document.body) return ''
      return at.id || at.getAttribute('aria-label') || at.textContent
    }),
  )
}
const controls = await page.evaluate(() =>
  [...document.querySelectorAll('button, textarea, select, summary, input:not(.for-readers)')].map(
    (each) => each.id || each.getAttribute('aria-label') || each.textContent,
  ),
)
const missed = controls.filter((each) => !reached.has(each))
claim(`all ${controls.length} controls are reached with the Tab key`, missed.length === 0, missed.join(', '))
const unnamed = await page.evaluate(() =>
  [...document.querySelectorAll('textarea, select, input:not(.for-readers)')]
    .filter((each) => each.labels.length === 0)
    .map((each) => each.outerHTML),
)
claim('every field has a label', unnamed.length === 0, unnamed.join(' '))
const said = await page.evaluate(() => document.querySelector('[role=status]').textContent)
claim('the verdict is said to a screen reader', said.startsWith('Verdict: '), said)

const own = [...dialogs, ...faults]

// 5. Out of the page: everything that a script in it could try, against a server that would notice.
let visits = 0
const server = createServer((_, response) => {
  visits++
  response.end()
})
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const address = `http://127.0.0.1:${server.address().port}/`
const violations = await page.evaluate(async (target) => {
  const blocked = []
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => blocked.push(effectiveDirective))
  const attempts = [
    () => fetch(target),
    () => {
      const request = new XMLHttpRequest()
      request.open('GET', target)
      request.send()
    },
    () => navigator.sendBeacon(target, 'x'),
    () => new WebSocket(target.replace('http', 'ws')),
    () => new EventSource(target),
    () => new Worker(target),
    () => import(target),
  ]
  for (const attempt of attempts) {
    try {
      await attempt()
    } catch {
      // Refused, as it should be.
    }
  }
  const add = (tag, members) => {
    try {
      document.body.append(Object.assign(document.createElement(tag), members))
    } catch {
      // Trusted Types take no address for it.
    }
  }
  add('img', { src: target })
  add('link', { rel: 'stylesheet', href: target })
  add('iframe', { src: target })
  add('object', { data: target })
  add('video', { src: target })
  add('script', { src: target })
  for (const attempt of [
    () => {
      const form = Object.assign(document.createElement('form'), { action: target, method: 'post', target: '_blank' })
      document.body.append(form)
      form.submit()
    },
    () => {
      const inline = document.createElement('div')
      inline.setAttribute('onclick', 'document.title = "owned"')
      inline.click()
    },
    () => document.body.insertAdjacentHTML('beforeend', `<img src="${target}" onerror="document.title = 'owned'">`),
    () => {
      document.body.setAttribute('style', `background: url(${target})`)
    },
  ]) {
    try {
      attempt()
    } catch {
      // Trusted Types take no text for it.
    }
  }
  await new Promise((done) => setTimeout(done, 1000))
  return blocked
}, address)
const kinds = [...new Set(violations)].sort()
claim(
  'attempts to connect are blocked by the policy',
  ['connect-src', 'img-src', 'form-action'].every((kind) => kinds.includes(kind)),
  kinds.join(', '),
)
claim('none of their scripts runs', (await page.title()) === 'Key attestation check', await page.title())
claim('none of them arrives', visits === 0, `${visits} arrived`)
console.log(`       blocked: ${violations.length} times, by ${kinds.join(', ')}`)
server.close()

const elsewhere = requests.filter((each) => !/^(file|data):/.test(each) && !each.startsWith(address))
claim('nothing else was asked of a network', elsewhere.length === 0, elsewhere.join(' '))
claim('no dialog, no fault', own.length === 0 && dialogs.length === 0, [...own, ...dialogs].join('; '))
await browser.close()

// 6. Dark, and on a phone.
for (const [what, settings] of [
  ['dark', { dark: true }],
  ['phone', { width: 390, height: 844 }],
  ['phone-dark', { width: 390, height: 844, dark: true }],
]) {
  const other = await openPage(name, file, settings)
  if (pass !== undefined) {
    const each = pass.question.attestation[0]
    writeFileSync(join(work, each.name), bytesOf(each.bytes))
    await (await other.page.$('#attestation-file')).uploadFile(join(work, each.name))
    await other.page.waitForFunction(() => document.querySelector('.verdict') !== null)
  }
  const { paper, overflow } = await other.page.evaluate(() => ({
    paper: getComputedStyle(document.body).backgroundColor,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }))
  const [red = 0] = /\d+/.exec(paper) ?? []
  claim(
    `${what}: the paper is ${settings.dark ? 'dark' : 'light'}`,
    settings.dark === true ? red < 60 : red > 200,
    paper,
  )
  claim(`${what}: nothing is wider than the window`, overflow <= 0, `${overflow} pixels`)
  await other.page.screenshot({ path: join(pictures, `${name}-${what}.png`), fullPage: true })
  await other.browser.close()
}
rmSync(work, { recursive: true })
process.exitCode = failures.length === 0 ? 0 : 1
