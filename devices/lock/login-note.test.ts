import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LoginNotes } from './login-note.ts'

let folder: string
let notes: LoginNotes
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'note-'))
  notes = new LoginNotes({ folder, prefix: 'hsm-enroll-' })
})
afterEach(() => {
  chmodSync(folder, 0o700)
  rmSync(folder, { recursive: true })
})

const file = (): string => join(folder, readdirSync(folder)[0] ?? '')

describe('a note of a login', () => {
  it('is what was written last, for each subject apart, and every user may write the next', () => {
    expect(notes.read('YUBIKEY 1 pin')).toBeUndefined()
    notes.write('YUBIKEY 1 pin', { outcome: 'right', unheard: 1 })
    notes.write('YUBIKEY 1 pin', { outcome: 'wrong', unheard: 0 })
    expect(new LoginNotes({ folder, prefix: 'hsm-enroll-' }).read('YUBIKEY 1 pin')).toEqual({
      outcome: 'wrong',
      unheard: 0,
    })
    expect(notes.read('YUBIKEY 2 pin')).toBeUndefined()
    expect(readdirSync(folder)).toHaveLength(1)
    expect(statSync(file()).mode & 0o777).toBe(0o666)
    expect(file()).not.toContain('YUBIKEY')
  })

  it.each([
    '',
    'no JSON',
    '{}',
    '{"outcome":"maybe","unheard":0}',
    `{"outcome":"wrong","unheard":0,"x":"${'x'.repeat(300)}"}`,
  ])('that somebody spoilt (%s) says nothing, and is written over', (text) => {
    notes.write('a', { outcome: 'wrong', unheard: 0 })
    writeFileSync(file(), text)
    expect(notes.read('a')).toBeUndefined()
    notes.write('a', { outcome: 'wrong', unheard: 0 })
    expect(notes.read('a')).toEqual({ outcome: 'wrong', unheard: 0 })
  })

  it('is not written through a symbolic link that somebody laid', () => {
    notes.write('a', { outcome: 'wrong', unheard: 0 })
    const name = file()
    rmSync(name)
    const target = join(folder, 'target')
    writeFileSync(target, 'kept')
    symlinkSync(target, name)
    notes.write('a', { outcome: 'right', unheard: 0 })
    expect(statSync(target).size).toBe(4)
  })

  it('stops nothing where there is no place for it', () => {
    const nowhere = new LoginNotes({ folder: join(folder, 'none'), prefix: '' })
    nowhere.write('a', { outcome: 'wrong', unheard: 0 })
    expect(nowhere.read('a')).toBeUndefined()
  })
})
