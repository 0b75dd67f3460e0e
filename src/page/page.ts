/** The page: fields on the left or on top, the answer beside or below. Judges anew whenever something changes. */
import { answerView } from './answer-view.ts'
import { button, h } from './element.ts'
import { inputField } from './input-field.ts'
import { type Answer, judge, type Question } from './judge.ts'
import { WORDS } from './words.ts'

declare const VERSION: string

const { inputs: words } = WORDS
const today = (): string => new Date().toISOString().slice(0, 10)

let answer: Answer | undefined

const attestation = inputField('attestation', words.attestation, words.attestationHint, true, changed)
const request = inputField('request', words.request, words.requestHint, false, changed)
const chains = inputField('chains', words.chains, words.chainsHint, false, changed)
const anchors = inputField('anchors', words.anchors, words.anchorsHint, true, changed)
const day = h('input', { type: 'date', id: 'day', 'aria-describedby': 'day-hint' })
day.value = today()
const choice = (id: string, options: Readonly<Record<string, string>>): HTMLSelectElement =>
  h(
    'select',
    { id },
    Object.entries(options).map(([value, label]) => h('option', { value }, label)),
  )
const policy = choice('policy', words.policies)
const fips = choice('fips', words.fipsChoices)
const keyName = h('input', {
  type: 'text',
  id: 'key-name',
  autocomplete: 'off',
  spellcheck: 'false',
  'aria-describedby': 'key-name-hint',
})
for (const control of [day, policy, fips, keyName]) control.addEventListener('change', changed)

const output = h('div', {})

function question(): Question | undefined {
  const files = attestation.files()
  if (files.length === 0) return undefined
  const [csr] = request.files()
  const [beside] = chains.files()
  const name = keyName.value.trim()
  return {
    attestation: files,
    ...(csr === undefined ? {} : { request: csr }),
    ...(beside === undefined ? {} : { chains: beside }),
    anchors: anchors.files(),
    ...(name === '' ? {} : { keyName: name }),
    policy: policy.value,
    fips: fips.value,
    ...(day.value === '' || day.value === today() ? {} : { on: day.value }),
    now: Date.now(),
  }
}

function changed(): void {
  const asked = question()
  const isFirst = answer === undefined
  answer = asked && judge(asked)
  show()
  // Where the answer is below the fields, on a phone, it would not be seen.
  if (isFirst && answer !== undefined && matchMedia('(max-width: 60rem)').matches)
    output.parentElement?.scrollIntoView()
}

/** A verdict must not look stricter than it is, on paper either. */
const relaxed = (): readonly string[] => [
  ...(fips.value === 'refuse'
    ? []
    : [WORDS.verdict.relaxedFips((fips.selectedOptions[0]?.textContent ?? '').toLowerCase())]),
  ...(anchors.files().length === 0 ? [] : [WORDS.verdict.ownAnchors]),
]

function show(): void {
  const width = Math.max(260, Math.min(output.clientWidth - 2, 720))
  output.replaceChildren(h('p', { class: 'quiet empty' }, WORDS.verdict.empty))
  if (answer === undefined) return
  const view = h('div', {}, answerView(answer, width, relaxed()))
  output.replaceChildren(view)
}

function clear(): void {
  for (const each of [attestation, request, chains, anchors]) each.clear()
  keyName.value = ''
  day.value = today()
  changed()
}

const notices = document.querySelector('template')?.content.textContent ?? ''

document.documentElement.lang = WORDS.language
document.title = WORDS.title
document.body.append(
  h('header', {}, h('h1', {}, WORDS.title), h('p', {}, WORDS.purpose)),
  h(
    'main',
    {},
    h(
      'form',
      { 'aria-label': words.heading },
      attestation.element,
      request.element,
      chains.element,
      h(
        'details',
        { class: 'options' },
        h('summary', {}, words.more),
        h(
          'div',
          { class: 'field' },
          h('label', { for: 'day' }, words.day),
          h('p', { class: 'quiet', id: 'day-hint' }, words.dayHint),
          day,
        ),
        h('div', { class: 'field' }, h('label', { for: 'policy' }, words.policy), policy),
        h('div', { class: 'field' }, h('label', { for: 'fips' }, words.fips), fips),
        h(
          'div',
          { class: 'field' },
          h('label', { for: 'key-name' }, words.keyName),
          h('p', { class: 'quiet', id: 'key-name-hint' }, words.keyNameHint),
          keyName,
        ),
        anchors.element,
      ),
      button(words.clear, clear, { class: 'clear' }),
    ),
    h(
      'section',
      { class: 'answer', 'aria-labelledby': 'verdict' },
      h('h2', { id: 'verdict' }, WORDS.verdict.heading),
      output,
    ),
  ),
  h(
    'footer',
    {},
    h('p', {}, WORDS.footer.promise),
    h('p', {}, WORDS.footer.limits),
    h('details', {}, h('summary', {}, WORDS.footer.notices), h('pre', {}, notices)),
    h('p', { class: 'quiet' }, WORDS.version(VERSION)),
  ),
)
document.querySelector('form')?.addEventListener('submit', (event) => event.preventDefault())

/** A file that misses the fields is an attestation, not a page to go to. */
document.addEventListener('dragover', (event) => event.preventDefault())
document.addEventListener('drop', (event) => event.preventDefault())

/** The picture is drawn for its width. */
let drawnFor = output.clientWidth
window.addEventListener('resize', () => {
  if (output.clientWidth === drawnFor) return
  drawnFor = output.clientWidth
  show()
})
show()

/** For programs that open the page: the judgement by itself. */
Object.assign(globalThis, { hsmEnrollCheck: judge })
