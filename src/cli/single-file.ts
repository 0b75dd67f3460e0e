/** The single-file program: Node.js and all of hsm-enroll but its native add-ons in one executable (`npm run build:sea`). */
import { getAsset } from 'node:sea'
import { start } from './start.ts'

// See main.ts.
process.on('SIGUSR1', () => undefined)

void start(
  (width) => getAsset(`help-${width}.json`, 'utf8'),
  () => import('./program.ts'),
)
