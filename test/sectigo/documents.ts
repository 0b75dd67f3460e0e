import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sharedFolder } from '../shared-folder.ts'

/** A parameter row as a document has it. `name` is lost in the Document Signing page of `!AutoApplyOrder`. */
export interface DocumentRow {
  readonly name?: string
  readonly requirement?: string
  readonly type: string
  readonly max?: number
}

export interface Documents {
  /** `!PlaceOrder`, Document Signing. */
  readonly placeOrder: string
  /** `!AutoApplyOrder`, Document Signing. */
  readonly documentSigning: string
  /** `!AutoApplyOrder` 3.44. */
  readonly manual: string
}

/** The three documents, or undefined where they are not at hand. */
export function readDocuments(): Documents | undefined {
  const folder = sharedFolder('seeds')
  if (folder === undefined) return undefined
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  const find = (mark: RegExp): string => {
    const text = texts.find((candidate) => mark.test(candidate))
    if (text === undefined) throw new Error(`no document has ${mark}`)
    return text
  }
  return {
    placeOrder: find(/^Endpoint: !PlaceOrder$/m),
    documentSigning: find(/^Endpoint: !AutoApplyOrder$/m),
    manual: find(/^Version 3\.44$/m),
  }
}

const rowOf = (requirement: string | undefined, type: string, max: string | undefined, name?: string): DocumentRow => ({
  type,
  ...(name === undefined ? {} : { name }),
  ...(requirement === undefined ? {} : { requirement }),
  ...(max === undefined || max === '' ? {} : { max: Number(max) }),
})

/** Rows of the Document Signing page, in order, without names. */
export function documentSigningRows({ documentSigning }: Documents): readonly DocumentRow[] {
  const table = documentSigning.slice(0, documentSigning.indexOf('Sample request'))
  const row = /\|\n(required|optional|conditional) \|\n(string|char|integer) \|\n(?:(\d+) chars? \|\n)?/g
  return [...table.matchAll(row)].map(([, requirement, type = '', max]) => rowOf(requirement, type, max))
}

/** Rows of the `!PlaceOrder` page; `x_a, x_b` is two rows. */
export function placeOrderRows({ placeOrder }: Documents): readonly DocumentRow[] {
  const table = placeOrder.slice(0, placeOrder.indexOf('Sample request'))
  const row = /^(\S[^\n]*)\n\n(required|optional|conditional)\n\n(string|char|integer)\n\n(?:(\d+) chars?\n\n)?/gm
  return [...table.matchAll(row)].flatMap(([, names = '', requirement, type = '', max]) =>
    names.split(', ').map((name) => rowOf(requirement, type, max, name.split(' or ')[0] ?? name)),
  )
}

/** Rows of section 1 of the manual. Where the type column holds a length, there is no type. */
export function manualRows({ manual }: Documents): readonly DocumentRow[] {
  const section = manual.slice(manual.indexOf('\n1. Request\n'), manual.indexOf('\n2. Response (when'))
  return section.split('\n').flatMap((line) => {
    const [first = '', type = '', length = ''] = line.split('\t').map((cell) => cell.replace(/<[^>]+>/g, '').trim())
    const name = /^(IP Addresses|[A-Za-z]+[A-Za-z0-9]*)/.exec(first)?.[1]
    if (name === undefined || !/^(string|char|integer|\d+ chars)$/.test(type)) return []
    const max = /^(\d+) char/.exec(/^\d/.test(type) ? type : length)?.[1]
    return [rowOf(undefined, /^\d/.test(type) ? '' : type, max, name)]
  })
}

/** Parameter tables of an example of chapter 5: name, value, in order; `a/b` names are alternatives. */
export interface ManualExample {
  readonly number: string
  readonly title: string
  readonly parameters: readonly (readonly [name: string, value: string])[]
  /** Output lines of its response. */
  readonly response: readonly string[]
}

export function manualExamples({ manual }: Documents): readonly ManualExample[] {
  const chapter = manual.slice(manual.indexOf('\n5. Example API Calls\n'), manual.indexOf('\n6. Push Notification'))
  return chapter
    .split(/\n(?=5\.\d )/)
    .slice(1)
    .map((text) => {
      const [, number = '', title = ''] = /^(5\.\d) (.*)$/m.exec(text) ?? []
      const [request = '', response = ''] = text.split('\nResponse\n')
      const cells = (part: string) =>
        part
          .split('\n')
          .map((line) => line.split('\t').map((cell) => cell.replace(/<\/?i>|\*/g, '').trim()))
          .filter((row) => row.length > 1)
          .slice(1)
      return {
        number,
        title,
        parameters: cells(request)
          .filter(([name = '']) => name !== '' && name !== 'Additional parameters')
          .map(([name = '', value = '']): [string, string] => [name, value]),
        response: cells(response).map(([output = '']) => output),
      }
    })
}

/** `curl --data-urlencode` pairs of a sample request. Where the address was taken out of the page, the text is that of the page. */
export function curlParameters(document: string): readonly string[] {
  const sample = document.slice(document.indexOf('curl --location'))
  return [...sample.matchAll(/--data-urlencode '([^']*)'/g)].map(([, pair = '']) => pair)
}
