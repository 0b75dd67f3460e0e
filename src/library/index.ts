/** The library: what the command line does, without it. `hsm-enroll/check` and `hsm-enroll/enroll` in one. */
export * from './check.ts'
export * from './enroll.ts'
