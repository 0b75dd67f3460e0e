import { announce } from './announce.ts'
import { button, h } from './element.ts'
import { WORDS } from './words.ts'

/** Copies text as it is; `size` is shown beside the label. */
export function copyButton(label: string, text: string, size?: string): HTMLElement {
  const said = h('span', { class: 'quiet' }, size)
  const element = button(label, () => {
    void copy(text).then((copied) => {
      said.textContent = copied ? WORDS.actions.copied : WORDS.actions.notCopied
      announce(said.textContent ?? '')
    })
  })
  return h('span', { class: 'copy' }, element, said)
}

/** A file opened from a disk may be refused the clipboard: then the older way, by a selection. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = h('textarea', { class: 'for-readers', 'aria-hidden': 'true' })
    area.value = text
    document.body.append(area)
    area.select()
    const copied = document.execCommand('copy')
    area.remove()
    return copied
  }
}

/** Saves text as a file, without a server. */
export function saveButton(name: string, text: string): HTMLElement {
  return button(WORDS.actions.save, () => {
    const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
    h('a', { href: address, download: name }).click()
    setTimeout(() => URL.revokeObjectURL(address), 10_000)
  })
}
