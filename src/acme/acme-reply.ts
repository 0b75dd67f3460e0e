/** A reply, whatever its status is. */
export interface AcmeReply {
  readonly status: number
  readonly contentType: string
  readonly location?: string
  /** Undefined where the body is not JSON. */
  readonly json: unknown
  readonly body: Uint8Array
}
