/** What the library exports, as the compiler sees it: names, documentation, and what each signature leans on. */
import { resolve } from 'node:path'
import {
  isArrowFunction,
  isBlock,
  isExpressionWithTypeArguments,
  isFunctionDeclaration,
  isGetAccessorDeclaration,
  isMethodDeclaration,
  isPrivateIdentifier,
  isTypeReferenceNode,
  isVariableDeclaration,
  type Node,
} from 'typescript/unstable/ast'
import { API, type Symbol as ApiSymbol, type Checker, type Project, SymbolFlags } from 'typescript/unstable/sync'

const ROOT = resolve(import.meta.dirname, '../..')

export interface ExportedName {
  readonly name: string
  readonly kind: 'function' | 'class' | 'type' | 'value'
  /** The comment, without its tags. */
  readonly documentation: string
  /** By name; `@param` appears as often as there are parameters. */
  readonly tags: ReadonlyMap<string, readonly string[]>
  /** Of a function, as its source has it, without what it does. */
  readonly signature: string
  /** Types of this project in its signature that the same module does not export. */
  readonly hidden: readonly string[]
  /** Parts whose type is inferred, so that a reader of the source does not see it. */
  readonly untyped: readonly string[]
}

/** Reads the exports of each `src/library/<entry>.ts`. */
export function readFrontDoor<Entry extends string>(entries: readonly Entry[]): Record<Entry, readonly ExportedName[]> {
  const api = new API({ cwd: ROOT })
  try {
    const [project] = api.updateSnapshot({ openProjects: [resolve(ROOT, 'tsconfig.json')] }).getProjects()
    if (project === undefined) throw new Error('the compiler sees no project')
    return Object.fromEntries(entries.map((entry) => [entry, exportsOf(entry, project)])) as Record<
      Entry,
      readonly ExportedName[]
    >
  } finally {
    api.close()
  }
}

function exportsOf(entry: string, { program, checker }: Project): readonly ExportedName[] {
  const file = program.getSourceFile(resolve(ROOT, `src/library/${entry}.ts`))
  if (file === undefined) throw new Error(`the compiler does not see ${entry}`)
  const module = checker.getSymbolAtLocation(file)
  if (module === undefined) throw new Error(`${entry} is not a module`)
  const exported = checker
    .getExportsOfModule(module)
    .map((symbol) => ({ name: symbol.name, symbol: original(symbol, checker) }))
  const known = new Set(exported.map(({ symbol }) => symbol.id))
  return exported.map(({ name, symbol }) => {
    const walk = new SignatureWalk(checker, known)
    const nodes = symbol.declarations.flatMap((handle) => handle.resolve() ?? [])
    for (const node of nodes) walk.visit(node)
    return {
      name,
      kind: nodes.some(isCalled) ? 'function' : kindOf(symbol),
      documentation: symbol.getDocumentationComment(checker).trim(),
      tags: tagsOf(symbol, checker),
      signature: nodes.map(signatureOf).find((text) => text !== '') ?? '',
      hidden: [...walk.hidden].sort(),
      untyped: walk.untyped,
    }
  })
}

const original = (symbol: ApiSymbol, checker: Checker): ApiSymbol =>
  (symbol.flags & SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)

/** `export const name = () => …` is a function for whoever calls it. */
const isCalled = (node: Node): boolean =>
  isVariableDeclaration(node) && node.initializer !== undefined && isArrowFunction(node.initializer)

function tagsOf(symbol: ApiSymbol, checker: Checker): ExportedName['tags'] {
  const tags = new Map<string, string[]>()
  for (const { name, text = '' } of symbol.getJsDocTags(checker)) tags.set(name, [...(tags.get(name) ?? []), text])
  return tags
}

function signatureOf(node: Node): string {
  const text = node.getText()
  if (isFunctionDeclaration(node)) {
    const whole = node.body === undefined ? text : text.slice(0, text.length - node.body.getText().length)
    return whole.replace(/^export /, '').trim()
  }
  if (!isVariableDeclaration(node) || node.initializer === undefined || !isArrowFunction(node.initializer)) return ''
  return `const ${text.slice(0, text.length - node.initializer.body.getText().length).replace(/\s*=>\s*$/, '')}`
}

function kindOf({ flags }: ApiSymbol): ExportedName['kind'] {
  if ((flags & SymbolFlags.Function) !== 0) return 'function'
  if ((flags & SymbolFlags.Class) !== 0) return 'class'
  return (flags & SymbolFlags.Value) !== 0 ? 'value' : 'type'
}

/** Visits what a caller sees of a declaration: no bodies, no initial values, no private members. */
class SignatureWalk {
  readonly hidden = new Set<string>()
  readonly untyped: string[] = []
  readonly #checker: Checker
  readonly #known: ReadonlySet<number>

  constructor(checker: Checker, known: ReadonlySet<number>) {
    this.#checker = checker
    this.#known = known
  }

  visit(node: Node): void {
    if (isBlock(node)) return
    if (node.forEachChild((child) => isPrivateIdentifier(child) || undefined) === true) return
    if (isTypeReferenceNode(node)) this.#lean(node.typeName)
    if (isExpressionWithTypeArguments(node)) this.#lean(node.expression)
    const called =
      isFunctionDeclaration(node) ||
      isMethodDeclaration(node) ||
      isGetAccessorDeclaration(node) ||
      isArrowFunction(node)
    if (called && node.type === undefined) this.untyped.push(node.getText().split('\n', 1)[0] ?? '')
    node.forEachChild((child) => {
      if (isInitial(node, child)) return
      this.visit(child)
    })
  }

  /** A type parameter, and what is declared outside this project, is everybody's. */
  #lean(name: Node): void {
    const symbol = this.#checker.getSymbolAtLocation(name)
    if (symbol === undefined) return
    const target = original(symbol, this.#checker)
    const [declaration] = target.declarations
    const ours = declaration !== undefined && /\/(src|devices)\/[^:]*\.ts$/.test(declaration.path)
    if (!ours || (target.flags & SymbolFlags.TypeParameter) !== 0 || this.#known.has(target.id)) return
    this.hidden.add(target.name)
  }
}

/** The value that a variable, a property or a parameter begins with says nothing to a caller; an arrow function is its own signature. */
const isInitial = (node: Node, child: Node): boolean =>
  ('initializer' in node && node.initializer === child && !isArrowFunction(child)) ||
  (isArrowFunction(node) && node.body === child)
