import type { ExplainedNode } from '../check/explain/explanation.ts'
import { printable } from '../printable.ts'
import { s } from './element.ts'
import { WORDS } from './words.ts'

const ROW_GAP = 22
const LINE = 17
const PADDING = 12
const INDENT = 26
/** Width of a character of the text, and of the monospaced one, as far as line breaks need it. */
const CHARACTER = 7.4
const MAX_LINES = 3

interface Box {
  readonly node: ExplainedNode
  readonly depth: number
  readonly y: number
  readonly height: number
  readonly lines: readonly string[]
  readonly facts: readonly string[]
  /** Index of the box above it. */
  readonly parent: number | undefined
}

/** The chain as boxes, issuer above issued, a line from each to what it vouches for. `width` in CSS pixels. */
export function chainPicture(roots: readonly ExplainedNode[], width: number, proven: boolean): SVGSVGElement {
  const boxes: Box[] = []
  const place = (node: ExplainedNode, depth: number, parent: number | undefined): void => {
    const previous = boxes.at(-1)
    const room = Math.floor((width - depth * INDENT - 2 * PADDING) / CHARACTER)
    const lines = wrap(printable(node.name), room)
    const facts = node.facts.flatMap(({ label, value }) => wrap(printable(`${label} ${value}`), room))
    const height = 2 * PADDING + LINE * (lines.length + facts.length + (node.role === undefined ? 0 : 1))
    const y = previous === undefined ? 1 : previous.y + previous.height + ROW_GAP
    const index = boxes.push({ node, depth, y, height, lines, facts, parent }) - 1
    // A chain goes straight down; only where one vouches for several do they step aside.
    const step = node.children.length > 1 ? 1 : 0
    for (const child of node.children) place(child, depth + step, index)
  }
  for (const root of roots) place(root, 0, undefined)
  const last = boxes.at(-1)
  const height = last === undefined ? 0 : last.y + last.height + 1
  const names = boxes.map(({ node }) => (node.role === undefined ? node.name : `${node.name}, ${node.role}`))
  return s(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      width: String(width),
      height: String(height),
      role: 'img',
      'aria-label': printable(WORDS.sections.chainPicture(names)),
      class: proven ? 'chain proven' : 'chain',
    },
    boxes.map((box) => line(box, boxes)),
    boxes.map((box, index) => drawBox(box, width, index, boxes)),
  )
}

function line(box: Box, boxes: readonly Box[]): SVGElement | undefined {
  const above = box.parent === undefined ? undefined : boxes[box.parent]
  if (above === undefined) return undefined
  const x = above.depth * INDENT + INDENT / 2 + 4
  const from = above.y + above.height
  const straight = above.depth === box.depth
  const path = straight ? `M${x} ${from}V${box.y - 5}` : `M${x} ${from}V${box.y + 20}H${box.depth * INDENT - 5}`
  const tip = straight
    ? `M${x - 4} ${box.y - 8}L${x} ${box.y - 3}L${x + 4} ${box.y - 8}`
    : `M${box.depth * INDENT - 8} ${box.y + 16}L${box.depth * INDENT - 3} ${box.y + 20}L${box.depth * INDENT - 8} ${box.y + 24}`
  return s('path', { d: path + tip, class: 'link' })
}

function drawBox(box: Box, width: number, index: number, boxes: readonly Box[]): SVGElement {
  const { node, depth, y, height, lines, facts } = box
  const x = depth * INDENT + 1
  const isLeaf = node.children.length === 0
  const kind = box.parent === undefined && node.role !== undefined && !isLeaf ? 'anchor' : isLeaf ? 'leaf' : 'between'
  let at = y + PADDING + 12
  const text = (content: string, style: string): SVGElement => {
    const element = s('text', { x: String(x + PADDING), y: String(at), class: style }, content)
    at += LINE
    return element
  }
  return s(
    'g',
    { class: index === boxes.length - 1 && isLeaf ? `${kind} last` : kind },
    s('title', {}, printable(node.name)),
    s('rect', { x: String(x), y: String(y), width: String(width - x - 1), height: String(height), rx: '8' }),
    node.role === undefined ? undefined : text(printable(node.role), 'role'),
    lines.map((each) => text(each, 'name')),
    facts.map((each) => text(each, 'fact')),
  )
}

/** Breaks at blanks where there are any, else anywhere: a hostile name has none. What is too long ends in an ellipsis. */
function wrap(text: string, room: number): readonly string[] {
  const most = Math.max(8, room)
  const lines: string[] = []
  let rest = text
  while (rest !== '' && lines.length < MAX_LINES) {
    const characters = [...rest]
    if (characters.length <= most) {
      lines.push(rest)
      rest = ''
      break
    }
    const head = characters.slice(0, most).join('')
    const blank = head.lastIndexOf(' ')
    const cut = blank > head.length / 3 ? head.slice(0, blank) : head
    lines.push(cut)
    rest = rest.slice(cut.length).trimStart()
  }
  const end = lines.at(-1)
  return rest === '' || end === undefined ? lines : [...lines.slice(0, -1), `${[...end].slice(0, most - 1).join('')}…`]
}
