// Loaded with `node --import`: removes the program's chunks, as an upgrade under it would, when an order or a revocation is on its way.
import { subscribe } from 'node:diagnostics_channel'
import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const program = dirname(process.argv[1] ?? '')
subscribe('http.client.request.start', ({ request }) => {
  if (!/!Auto(?:ApplyOrder|RevokeCertificate)$/i.test(request.path)) return
  for (const name of readdirSync(program)) if (name.endsWith('.js')) rmSync(join(program, name))
})
