import { copyFile, link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isSameProfile, profileMarks } from './profile-marks.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marks-'))
})
afterEach(() => rm(folder, { recursive: true }))

const SETTINGS = {
  'device.uri': 'yubikey:serial=1;slot=9c',
  'request.subject': 'CN=A',
  'order.days': '365',
  'sectigo.caFile': '/checkout/1/ca.pem',
  stateDirectory: '/checkout/1/state',
}

describe('a profile', () => {
  it('is the same by a hard link, whatever it says by now', async () => {
    const [file, other] = [join(folder, 'a.yaml'), join(folder, 'b.yaml')]
    await writeFile(file, 'a')
    await link(file, other)
    const marks = profileMarks(file, SETTINGS)
    expect(isSameProfile(marks, profileMarks(other, { ...SETTINGS, 'order.days': '730' }))).toBe(true)
  })

  it('is the same in another checkout, where it enrols the same', async () => {
    const elsewhere = join(folder, 'checkout')
    await mkdir(elsewhere)
    await writeFile(join(folder, 'a.yaml'), 'a')
    await copyFile(join(folder, 'a.yaml'), join(elsewhere, 'a.yaml'))
    const marks = profileMarks(join(folder, 'a.yaml'), SETTINGS)
    const there = { ...SETTINGS, 'sectigo.caFile': '/checkout/2/ca.pem', stateDirectory: '/checkout/2/state' }
    expect(isSameProfile(marks, profileMarks(join(elsewhere, 'a.yaml'), there))).toBe(true)
    const slot = { ...there, 'device.uri': 'yubikey:serial=1;slot=9a' }
    expect(isSameProfile(marks, profileMarks(join(elsewhere, 'a.yaml'), slot)), 'another place').toBe(false)
  })

  it('is another one under a number that its file system gives again', async () => {
    const file = join(folder, 'a.yaml')
    await writeFile(file, 'a')
    const marks = profileMarks(file, SETTINGS)
    await rm(file)
    await writeFile(join(folder, 'b.yaml'), 'b')
    const others = profileMarks(join(folder, 'b.yaml'), { ...SETTINGS, 'request.subject': 'CN=B' })
    expect(isSameProfile(marks, others)).toBe(false)
  })
})
