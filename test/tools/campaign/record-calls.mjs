// Loaded with `node --import` into the built program: writes down each call to a broker before it is sent, and its answer once it is
// there, for a checker that this project did not write. A process that is killed in between leaves a call whose end nobody knows.
import { appendFileSync } from 'node:fs'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'

const { FLEET_HISTORY: file = '', FLEET_CLIENT: client = '' } = process.env
const request = https.request
let count = 0

const write = (line) => appendFileSync(file, `${JSON.stringify({ at: String(process.hrtime.bigint()), ...line })}\n`)

/** What is asked for: of a key, or of the run whose key it will be. */
function questionOf(path, text) {
  const [, looked] = /^\/v1\/orders\/([0-9a-f]{64})/.exec(path) ?? []
  const [, decided] = /^\/v1\/requests\/([0-9a-f]{64})\/decision/.exec(path) ?? []
  if (looked !== undefined) return { op: 'look', name: looked }
  if (decided !== undefined) return { op: 'decide', name: decided, decision: JSON.parse(text).decision }
  if (path === '/v1/orders') return { op: 'place', run: JSON.parse(text).run }
  return undefined
}

https.request = (url, options, ...rest) => {
  const id = `${process.pid}-${process.hrtime.bigint()}-${++count}`
  const call = request(url, options, ...rest)
  const end = call.end.bind(call)
  call.end = (text, ...more) => {
    const question = questionOf(url.pathname, text)
    if (question !== undefined) {
      write({ id, event: 'call', client: Number(client), ...question })
      call.once('response', (reply) => {
        let body = ''
        reply.on('data', (data) => {
          body += data
        })
        reply.once('end', () => {
          try {
            const { state = '', orderNumber = '', error } = JSON.parse(body)
            write({ id, event: 'answer', status: reply.statusCode, state, number: orderNumber, code: error?.code })
          } catch {
            // Cut off: its end is not known.
          }
        })
      })
    }
    return end(text, ...more)
  }
  return call
}
syncBuiltinESMExports()
