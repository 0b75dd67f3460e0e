import { userInfo } from 'node:os'

/** The user of this process. In a container it may have no entry in the password file: then it is called by its number (`uid 1000`). */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
