/** What is loaded where help and version do not answer. */
export { fileFault } from '../files/bounded-file.ts'
export { runCli } from './run-cli.ts'

export type LoadProgram = () => Promise<typeof import('./program.ts')>
