// Loaded with `node --import`: ends the process, as a power cut would, at the n-th moment at which something outside it changes
// (a file reaches the disk, bytes leave on a socket). HSM_ENROLL_TEST_KILL_AT counts from 1; 0 only counts, into HSM_ENROLL_TEST_COUNT.
import fs, { writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import tls from 'node:tls'

const killAt = Number(process.env.HSM_ENROLL_TEST_KILL_AT)
let count = 0
/** An answer has arrived since the last moment. */
let arrived = false

function boundary() {
  arrived = false
  count++
  if (count === killAt) process.kill(process.pid, 'SIGKILL')
}

/**
 * An answer that has arrived changes nothing outside. To die before it is read is a moment of its own where a file changes next; where
 * a message follows, to die before that one is the same.
 */
function beforeFiles() {
  if (arrived) boundary()
}

// To synchronise is one moment, before it: to die after it leaves the same, since what was written outlives its process.
const open = fs.promises.open
fs.promises.open = async (...args) => {
  beforeFiles()
  const handle = await open(...args)
  const sync = handle.sync.bind(handle)
  handle.sync = () => {
    boundary()
    return sync()
  }
  return handle
}
const fsync = fs.fsync
fs.fsync = (descriptor, done) => {
  boundary()
  fsync(descriptor, done)
}
const CHANGES = [
  'appendFile',
  'copyFile',
  'ftruncate',
  'link',
  'mkdir',
  'mkdtemp',
  'rename',
  'rm',
  'symlink',
  'unlink',
  'write',
  'writeFile',
]
for (const name of CHANGES) {
  for (const [functions, form] of [
    [fs, `${name}Sync`],
    [fs, name],
    [fs.promises, name],
  ]) {
    const change = functions[form]
    if (change === undefined) continue
    functions[form] = (...args) => {
      beforeFiles()
      return change(...args)
    }
  }
}
const openSync = fs.openSync
fs.openSync = (...args) => {
  beforeFiles()
  return openSync(...args)
}
// To read the two hundred roots of Node.js and of the system takes a fifth of the time that the program takes. The CA's own is the last.
const createSecureContext = tls.createSecureContext
tls.createSecureContext = ({ ca, ...more } = {}) =>
  createSecureContext({ ...more, ca: Array.isArray(ca) ? ca.slice(-1) : ca })
syncBuiltinESMExports()

const write = net.Socket.prototype._writeGeneric
net.Socket.prototype._writeGeneric = function (...args) {
  // What is shown to a person changes nothing.
  if (this !== process.stdout && this !== process.stderr) boundary()
  return write.apply(this, args)
}
const push = net.Socket.prototype.push
net.Socket.prototype.push = function (...args) {
  arrived = true
  return push.apply(this, args)
}

process.on('exit', () => {
  const file = process.env.HSM_ENROLL_TEST_COUNT
  if (file) writeFileSync(file, String(count))
})
