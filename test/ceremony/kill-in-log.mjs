// Loaded with `node --import`: ends the process half-way through a line of a ceremony's log, once for each entry; once more after the
// run was named, when there is no run yet. The file HSM_ENROLL_TEST_DIED_AT has the entries at which a process has died already.

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const deaths = process.env.HSM_ENROLL_TEST_DIED_AT

/** One entry of a ceremony, however often its process was begun. */
function entryOf({ type, step, role, file }) {
  return [type, step ?? role ?? file].filter((part) => part !== undefined).join(' ')
}

/** Is this the first time? */
function isFirst(entry) {
  if (fs.readFileSync(deaths, 'utf8').split('\n').includes(entry)) return false
  write(deaths, `${entry}\n`)
  return true
}

const die = () => process.kill(process.pid, 'SIGKILL')

const write = fs.appendFileSync
fs.appendFileSync = (file, text, ...rest) => {
  const event = typeof text === 'string' && text.startsWith('{"seq":') ? JSON.parse(text).event : undefined
  if (event !== undefined && event.type !== 'resumed' && isFirst(entryOf(event))) {
    write(file, text.slice(0, text.length / 2))
    die()
  }
  write(file, text, ...rest)
  if (event?.type === 'run' && isFirst('named run')) die()
}
syncBuiltinESMExports()
