import { button, h } from './element.ts'
import type { NamedBytes } from './judge.ts'
import { WORDS } from './words.ts'

export interface InputField {
  readonly element: HTMLElement
  files(): readonly NamedBytes[]
  clear(): void
}

/** Where files are dropped, chosen or pasted as text. `several`: more than one belongs together. Calls `changed` whenever there is something else in it. */
export function inputField(id: string, label: string, hint: string, several: boolean, changed: () => void): InputField {
  let files: readonly NamedBytes[] = []
  const { inputs: words } = WORDS
  const chooser = h('input', {
    type: 'file',
    id: `${id}-file`,
    multiple: several,
    class: 'for-readers',
    tabindex: '-1',
    'aria-hidden': 'true',
  })
  const text = h('textarea', {
    id,
    rows: '2',
    spellcheck: 'false',
    autocomplete: 'off',
    autocapitalize: 'off',
    placeholder: words.drop,
    'aria-describedby': `${id}-hint`,
  })
  const chosen = h('ul', { class: 'files', 'aria-live': 'polite' })

  const show = (): void => {
    chosen.replaceChildren(
      ...files.map((file) =>
        h(
          'li',
          {},
          h('span', {}, file.name),
          h('span', { class: 'quiet' }, words.bytes(file.bytes.length)),
          button(
            '×',
            () => {
              files = files.filter((other) => other !== file)
              show()
              changed()
            },
            { 'aria-label': words.remove(file.name) },
          ),
        ),
      ),
    )
  }
  const add = async (list: Iterable<File>): Promise<void> => {
    const read = await Promise.all(
      [...list].map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
    )
    if (read.length === 0) return
    files = several ? [...files, ...read] : read.slice(0, 1)
    show()
    changed()
  }

  chooser.addEventListener('change', () => {
    void add(chooser.files ?? []).then(() => {
      chooser.value = ''
    })
  })
  text.addEventListener('input', changed)
  const element = h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    h('p', { class: 'quiet', id: `${id}-hint` }, hint),
    h(
      'div',
      { class: 'zone' },
      text,
      button(words.choose, () => chooser.click(), { 'aria-label': words.chooseFor(label) }),
    ),
    chooser,
    chosen,
  )
  element.addEventListener('dragover', (event) => {
    event.preventDefault()
    element.classList.add('over')
  })
  element.addEventListener('dragleave', () => element.classList.remove('over'))
  element.addEventListener('drop', (event) => {
    event.preventDefault()
    event.stopPropagation()
    element.classList.remove('over')
    void add(event.dataTransfer?.files ?? [])
  })

  return {
    element,
    files: () =>
      text.value.trim() === ''
        ? files
        : [...files, { name: words.pasted, bytes: new TextEncoder().encode(text.value) }],
    clear: () => {
      files = []
      text.value = ''
      show()
    },
  }
}
