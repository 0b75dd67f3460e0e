// Loaded with `node --import`: time runs HSM_ENROLL_TEST_SPEED times as fast from HSM_ENROLL_TEST_EPOCH on (milliseconds since 1970),
// for Date.now, performance.now and the pauses of node:timers/promises, so that three hours of waiting pass in a second or two.
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

const speed = Number(process.env.HSM_ENROLL_TEST_SPEED)
const epoch = Number(process.env.HSM_ENROLL_TEST_EPOCH)

const now = Date.now
Date.now = () => Math.round(epoch + (now() - epoch) * speed)

const elapsed = performance.now.bind(performance)
performance.now = () => elapsed() * speed

const wait = timers.setTimeout
timers.setTimeout = (milliseconds, ...rest) => wait(milliseconds / speed, ...rest)
syncBuiltinESMExports()
