// Loaded with `node --import`: time is ahead by as many days as the file `days` beside this one says, from the moment that it says so.
import { readFileSync } from 'node:fs'

const days = new URL('days', import.meta.url)
const now = Date.now
Date.now = () => now() + Number(readFileSync(days, 'utf8')) * 86_400_000
