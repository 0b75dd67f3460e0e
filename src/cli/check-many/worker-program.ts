import { getAsset, isSea } from 'node:sea'

/** The program of a worker: its file beside this one; in the single-file program, its text. */
export const workerProgram = (): URL | string =>
  isSea() ? getAsset('check-worker.js', 'utf8') : new URL('./check-worker.js', import.meta.url)
