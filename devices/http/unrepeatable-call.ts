/** Calls that are sent once: what they made is looked for when their reply does not tell. */
import type { HttpReply } from './http-reply.ts'
import { LostReplyError } from './lost-reply-error.ts'

/** Replies after which the work may be done all the same; 409 is how a creation that was passed on twice ends. */
const MAYBE_DONE: ReadonlySet<number> = new Set([408, 409, 500, 502, 503, 504])

/** Waits before each look, in milliseconds. */
const LOOK_AGAIN_MS = [500, 1500, 3000]

/** The reply, or its loss where the service may have carried the call out. Throws where it cannot have. */
export async function replyOrLoss(call: Promise<HttpReply>): Promise<HttpReply | LostReplyError> {
  try {
    return await call
  } catch (error) {
    if (error instanceof LostReplyError && error.maybeDone) return error
    throw error
  }
}

/** True where looking for the result is the only way to know. */
export const maybeDone = (reply: HttpReply | LostReplyError): boolean =>
  reply instanceof LostReplyError || MAYBE_DONE.has(reply.status)

/** What the call made, looked for three times; undefined where it is not there. */
export async function lookAgain<Made>(
  wait: (ms: number) => Promise<void>,
  look: () => Promise<Made | undefined>,
): Promise<Made | undefined> {
  for (const delay of LOOK_AGAIN_MS) {
    await wait(delay)
    const made = await look()
    if (made !== undefined) return made
  }
  return undefined
}
