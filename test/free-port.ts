import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

/**
 * Not from the range out of which the system gives a port to every connection and to whoever asks for any (from 32768: tcp(7),
 * ip_local_port_range): a port of that range that is free now may be anybody's a moment later.
 */
const FROM = 10_000
const TO = 32_768

/** A port of loopback that nobody else in this test run gets: for programs that do not say which one the system gave them, and for nobody at all. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO)
    if (!isFirst(port)) continue
    const server = createServer().listen(port, '127.0.0.1')
    const taken = await once(server, 'listening').then(
      () => false,
      () => true,
    )
    if (taken) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

/** Whether no test file of this run has had it. */
function isFirst(port: number): boolean {
  const run = process.env.HSM_ENROLL_TEST_RUN
  if (run === undefined) return true
  const folder = join(run, 'ports')
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(join(folder, `${port}`), '', { flag: 'wx' })
    return true
  } catch {
    return false
  }
}
