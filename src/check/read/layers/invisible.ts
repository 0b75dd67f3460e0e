import { inner, type Peeled } from '../layer.ts'

/** Soft hyphens, zero-width characters, marks of direction: web pages and chats put them between letters. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/gu
const ODD_BLANKS = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu
const LINE_ENDS = /[\u0085\u2028\u2029]/gu

/** Characters that nobody sees, and blanks and line ends that are none of ASCII's. */
export function invisibleLayer(text: string): Peeled | undefined {
  const cleaned = text.replace(INVISIBLE, '').replace(ODD_BLANKS, ' ').replace(LINE_ENDS, '\n')
  return cleaned === text ? undefined : inner(cleaned, 'removed invisible characters and blanks that are not ASCII')
}
