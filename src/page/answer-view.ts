import { type Check, isUnbound } from '../attestation/contract/attestation-result.ts'
import type { ExplainedFact, ExplainedNode, Explanation } from '../check/explain/explanation.ts'
import { printable } from '../printable.ts'
import { announce } from './announce.ts'
import { chainPicture } from './chain-picture.ts'
import { copyButton, saveButton } from './copy.ts'
import { button, type Child, h } from './element.ts'
import type { Answer } from './judge.ts'
import { WORDS } from './words.ts'

type Tone = 'good' | 'bad' | 'mixed' | 'plain'

interface Headline {
  readonly tone: Tone
  readonly title: string
  readonly text: string
}

function headline({ result, error, explanation }: Answer): Headline {
  const { verdict: words } = WORDS
  if (result === undefined) {
    return explanation === undefined
      ? { tone: 'bad', title: words.unreadable, text: error?.message ?? '' }
      : { tone: 'plain', title: words.explained, text: words.explainedText }
  }
  if (!result.genuine) return { tone: 'bad', title: words.notGenuine, text: words.notGenuineText }
  if (!result.acceptable) return { tone: 'mixed', title: words.refused, text: words.refusedText }
  return isUnbound(result)
    ? { tone: 'plain', title: words.unbound, text: words.unboundText }
    : { tone: 'good', title: words.acceptable, text: words.acceptableText }
}

const MARKS: Readonly<Record<Tone, string>> = { good: '✓', bad: '✕', mixed: '!', plain: 'i' }

/** The whole answer, verdict first. `width` of the picture in CSS pixels; `relaxed`: what was asked to be taken less strictly. */
export function answerView(answer: Answer, width: number, relaxed: readonly string[]): readonly Child[] {
  const { tone, title, text } = headline(answer)
  const { result, error, explanation } = answer
  const knowledge = result?.knowledge
  announce(`${WORDS.verdict.heading}: ${title}. ${text}`)
  return [
    h(
      'div',
      { class: `verdict ${tone}` },
      h('span', { class: 'mark', 'aria-hidden': 'true' }, MARKS[tone]),
      h(
        'div',
        {},
        h('p', { class: 'title' }, title),
        h('p', {}, printable(text)),
        knowledge && h('p', { class: 'quiet' }, WORDS.verdict.asked(knowledge.on, knowledge.issued)),
        result === undefined ? undefined : relaxed.map((each) => h('p', { class: 'quiet' }, each)),
      ),
    ),
    explanation === undefined && error !== undefined ? errorView(error.remedy, error.code) : undefined,
    h('div', { class: 'actions' }, actions(answer)),
    explanation === undefined ? undefined : explanationView(explanation, width),
    result === undefined ? undefined : folded(WORDS.sections.checks, checksTable(result.checks)),
    answer.text === undefined
      ? undefined
      : folded(WORDS.sections.text, copyButton(WORDS.actions.copyText, answer.text), h('pre', {}, answer.text)),
    folded(WORDS.sections.json, copyButton(WORDS.actions.copyJson, answer.json), h('pre', {}, answer.json)),
  ]
}

const errorView = (remedy: string, code: string): Child =>
  h(
    'section',
    {},
    h('h3', {}, WORDS.verdict.remedy),
    h('p', {}, printable(remedy)),
    h('p', { class: 'quiet' }, h('code', {}, code)),
  )

function actions({ base64, json, result }: Answer): readonly Child[] {
  const { actions: words } = WORDS
  return [
    // Nobody should order with what is not genuine.
    base64 === undefined || result?.genuine !== true
      ? undefined
      : copyButton(words.base64, base64, words.base64Size(base64.length)),
    copyButton(words.copyJson, json),
    saveButton('verdict.json', json),
    button(words.print, () => window.print()),
  ]
}

function explanationView(explanation: Explanation, width: number): readonly Child[] {
  const { sections: words } = WORDS
  const failed = explanation.problems.some(({ status }) => status === 'fail')
  const proven = explanation.result === undefined || explanation.result.genuine
  return [
    section(failed ? words.problems : words.warnings, problems(explanation.problems)),
    section(explanation.title, facts(explanation.facts)),
    explanation.tree.length === 0
      ? undefined
      : section(words.chain, [
          h(
            'div',
            { class: 'picture' },
            chainPicture(explanation.tree, width, proven && explanation.result !== undefined),
          ),
          h('div', { class: 'for-readers' }, chainList(explanation.tree)),
        ]),
    section(proven ? words.says : words.claims, list(explanation.says)),
    section(words.silent, list(explanation.silent)),
    section(words.notes, list(explanation.notes)),
    explanation.embedded.map((inner) =>
      h('section', { class: 'inside' }, h('h3', {}, words.inside), explanationView(inner, width - 34)),
    ),
  ]
}

const section = (title: string, content: Child): Child =>
  content === undefined || (Array.isArray(content) && content.length === 0)
    ? undefined
    : h('section', {}, h('h3', {}, printable(title)), content)

const folded = (title: string, ...content: readonly Child[]): Child =>
  h('details', {}, h('summary', {}, title), content)

const list = (lines: readonly string[]): Child =>
  lines.length === 0
    ? undefined
    : h(
        'ul',
        {},
        lines.map((line) => h('li', {}, printable(line))),
      )

const facts = (items: readonly ExplainedFact[]): Child =>
  items.length === 0
    ? undefined
    : h(
        'dl',
        {},
        items.map(({ label, value }) =>
          h(
            'div',
            {},
            h('dt', {}, printable(label)),
            h('dd', { class: /^[0-9a-f]{32,}$/.test(value) ? 'hash' : undefined }, printable(value)),
          ),
        ),
      )

const problems = (checks: readonly Check[]): Child =>
  checks.length === 0
    ? undefined
    : h(
        'ol',
        { class: 'problems' },
        failuresFirst(checks).map(({ status, id, detail, remedy }) =>
          h(
            'li',
            { class: status },
            h('p', {}, h('strong', {}, `${WORDS.statuses[status]}: `), printable(detail)),
            remedy === undefined ? undefined : h('p', { class: 'remedy' }, printable(remedy)),
            h('p', { class: 'quiet' }, h('code', {}, id)),
          ),
        ),
      )

const failuresFirst = (checks: readonly Check[]): readonly Check[] => [
  ...checks.filter(({ status }) => status === 'fail'),
  ...checks.filter(({ status }) => status !== 'fail'),
]

/** What the picture shows, for who does not see it. */
const chainList = (nodes: readonly ExplainedNode[]): Child =>
  h(
    'ul',
    {},
    nodes.map(({ name, role, facts: items, children }) =>
      h(
        'li',
        {},
        printable([name, role, ...items.map(({ label, value }) => `${label} ${value}`)].filter(Boolean).join(', ')),
        children.length === 0 ? undefined : chainList(children),
      ),
    ),
  )

const checksTable = (checks: readonly Check[]): Child =>
  h(
    'div',
    { class: 'wide', tabindex: '0', role: 'region', 'aria-label': WORDS.sections.checks },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          WORDS.sections.checkColumns.map((column) => h('th', { scope: 'col' }, column)),
        ),
      ),
      h(
        'tbody',
        {},
        checks.map(({ status, id, detail, source }) =>
          h(
            'tr',
            {},
            h('td', { class: status }, WORDS.statuses[status]),
            h('td', {}, h('code', {}, id)),
            h('td', {}, printable(detail)),
            h('td', { class: 'quiet' }, printable(source)),
          ),
        ),
      ),
    ),
  )
