import { printable } from '../../printable.ts'
import { type ExplainedFact, type ExplainedNode, type Explanation, isProven } from './explanation.ts'

/**
 * An explanation as plain text, lines of any length, for a terminal or a file. Names and labels in it are whoever's; control characters
 * are made visible, so that each stays in its line.
 *
 * @throws Nothing.
 * @example
 * ```ts
 * const context: ExplainContext = { trustAnchors: builtInTrustAnchors(), now: Date.now() }
 * process.stdout.write(explanationText(explain(readFileSync('request.csr'), context)))
 * ```
 */
export function explanationText(explanation: Explanation): string {
  return `${lines(explanation).map(printable).join('\n')}\n`
}

function lines(explanation: Explanation): readonly string[] {
  const { title, verdict, facts, tree, says, silent, problems, notes, embedded } = explanation
  return [
    title,
    ...(verdict === undefined ? [] : [`Verdict: ${verdict}`]),
    ...notes.map((note) => `Note: ${note}`),
    ...section('', columns(facts)),
    ...section(
      'Chain',
      tree.flatMap((node) => treeLines(node, '', '')),
    ),
    ...section(isProven(explanation) ? 'It says' : 'It claims, without proving any of it', bullets(says)),
    ...section('It does not say', bullets(silent)),
    ...section(
      'Problems, and what to do',
      problems.flatMap(({ status, id, detail, remedy }) => [
        `  ${status === 'fail' ? 'FAIL' : 'warn'}  ${id}: ${detail}`,
        ...(remedy === undefined ? [] : [`        Try: ${remedy}`]),
      ]),
    ),
    ...embedded.flatMap((inner) => ['', 'Inside it:', ...lines(inner).map((line) => (line === '' ? '' : `  ${line}`))]),
  ]
}

function section(title: string, body: readonly string[]): readonly string[] {
  if (body.length === 0) return []
  return title === '' ? body : ['', `${title}:`, ...body]
}

const bullets = (sentences: readonly string[]): readonly string[] => sentences.map((sentence) => `  - ${sentence}`)

function columns(facts: readonly ExplainedFact[]): readonly string[] {
  const width = Math.max(0, ...facts.map(({ label }) => label.length))
  return facts.map(({ label, value }) => `  ${label.padEnd(width)}  ${value}`)
}

function treeLines(node: ExplainedNode, first: string, rest: string): readonly string[] {
  const role = node.role === undefined ? '' : ` — ${node.role}`
  const facts = node.facts.map(({ label, value }) => `${label} ${value}`).join(', ')
  const stem = node.children.length > 0 ? '│ ' : '  '
  return [
    `  ${first}${node.name}${role}`,
    ...(facts === '' ? [] : [`  ${rest}${stem}${facts}`]),
    ...node.children.flatMap((child, index) => {
      const last = index === node.children.length - 1
      return treeLines(child, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`)
    }),
  ]
}
