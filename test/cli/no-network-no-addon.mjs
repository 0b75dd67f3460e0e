// Loaded with `node --import`: ends the process as soon as anything reaches for the network or a native addon.
import dgram from 'node:dgram'
import net from 'node:net'

function refuse(what) {
  process.stderr.write(`reached for ${what}\n`)
  process.exit(99)
}
net.Socket.prototype.connect = () => refuse('the network')
dgram.Socket.prototype.send = () => refuse('the network')
process.dlopen = (_module, file) => refuse(`the native addon ${file}`)
