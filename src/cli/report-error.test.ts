import { expect, it } from 'vitest'
import { failureOf } from './report-error.ts'

it.each([
  ['EACCES', 'permission is denied', 'Correct the permissions or the path'],
  ['ENOSPC', 'the disk is full', 'Free disk space'],
  ['EMFILE', 'too many files are open', 'Allow more open files'],
  ['EISDIR', 'it is a folder', 'Correct the path'],
])('the remedy for %s is one against it', (code, why, first) => {
  const fault = Object.assign(new Error('fault'), { code, syscall: 'open', path: '/state/runs' })
  expect(failureOf(fault)).toMatchObject({
    code: 'disk',
    message: `Could not use /state/runs: ${why}.`,
    remedy: expect.stringMatching(new RegExp(`^${first}.*, then repeat the command`)),
  })
})

it.each([
  "Cannot find module './renew-CntC0hlo.js'\nRequire stack:",
  "Cannot find module '/opt/x/dist/cli/renew-CntC0hlo.js'",
])('a missing file of the program is not one of the user: %s', (message) => {
  const fault = Object.assign(new Error(message), { code: 'MODULE_NOT_FOUND' })
  expect(failureOf(fault)).toMatchObject({ code: 'program.replaced', exitCode: 70 })
})

it('a missing package is not taken for a missing file of the program', () => {
  const fault = Object.assign(new Error("Cannot find module 'pg'\nRequire stack:"), { code: 'MODULE_NOT_FOUND' })
  expect(failureOf(fault)).toMatchObject({ code: 'defect' })
})
