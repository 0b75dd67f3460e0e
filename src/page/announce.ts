import { h } from './element.ts'

const status = h('p', { class: 'for-readers', role: 'status' })
document.body.append(status)

/** Says it to who does not see what changed. */
export function announce(text: string): void {
  status.textContent = text
}
