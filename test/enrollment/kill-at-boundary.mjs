// Loaded with `node --import`: ends the process, as a power cut would, at the n-th moment at which something outside it changes
// (a file reaches the disk, bytes leave on a socket). HSM_ENROLL_TEST_KILL_AT counts from 1; 0 only counts, into HSM_ENROLL_TEST_COUNT.
import { writeFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

const killAt = Number(process.env.HSM_ENROLL_TEST_KILL_AT)
let count = 0

function boundary() {
  count++
  if (count === killAt) process.kill(process.pid, 'SIGKILL')
}

const open = fs.open
fs.open = async (...args) => {
  const handle = await open(...args)
  const sync = handle.sync.bind(handle)
  handle.sync = async () => {
    boundary()
    await sync()
    boundary()
  }
  return handle
}
syncBuiltinESMExports()

const write = net.Socket.prototype._writeGeneric
net.Socket.prototype._writeGeneric = function (...args) {
  boundary()
  const result = write.apply(this, args)
  return result
}
const push = net.Socket.prototype.push
net.Socket.prototype.push = function (...args) {
  // An answer has arrived and nobody has read it yet.
  boundary()
  return push.apply(this, args)
}

process.on('exit', () => {
  const file = process.env.HSM_ENROLL_TEST_COUNT
  if (file) writeFileSync(file, String(count))
})
