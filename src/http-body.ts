import type { IncomingMessage } from 'node:http'

/** The media type of a body, in small letters, without parameters; empty where none is said. */
export const mediaType = ({ headers }: IncomingMessage): string | undefined =>
  (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
