/** Remembers which notifications were dealt with, by SHA-256. Over restarts where it is kept on disk. */
export interface SeenPushes {
  has(digest: string): Promise<boolean>
  add(digest: string): Promise<void>
}

/** The latest 10,000, as long as the process lives. */
export function memorySeenPushes(limit = 10_000): SeenPushes {
  const seen = new Set<string>()
  return {
    has: async (digest) => seen.has(digest),
    add: async (digest) => {
      seen.add(digest)
      const [oldest] = seen
      if (seen.size > limit && oldest !== undefined) seen.delete(oldest)
    },
  }
}
