import { randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { readAtMost } from '../../read-at-most.ts'
import { carriesOut, type Fault, type FaultList } from './fault.ts'
import { Refused } from './refusal.ts'
import { type Endpoint, type EndpointReply, type Rehearsal, TEXT } from './rehearsal.ts'

/** A request with base64 of two values of 32,767 characters, percent-encoded, stays far below. */
const MAX_BODY = 512 << 10

export interface FrontOptions {
  /** `/products/` */
  readonly prefix: string
  readonly endpoints: readonly Endpoint[]
  readonly faults: FaultList
  readonly rehearsal: Rehearsal
  /** False on the plain-HTTP door, which answers -1 to everything. */
  readonly secure: boolean
  readonly beforeRequest: () => void
}

/** Reads a request, lets its endpoint answer, and does to the answer what the faults ask. */
export function createFront(options: FrontOptions): RequestListener {
  return (request, response) => {
    serve(options, request, response).catch(() => response.destroy())
  }
}

async function serve(options: FrontOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://localhost')
  const path = decodeURIComponent(url.pathname)
  const endpoint = options.endpoints.find((candidate) => path === options.prefix + candidate.path)
  const body = (await readAtMost(request, MAX_BODY))?.toString('utf8')
  if (body === undefined) return write(response, { status: 413, contentType: TEXT, body: 'too large' })
  if (endpoint === undefined)
    return write(response, { status: 404, contentType: 'text/html', body: '<h1>Not Found</h1>' })
  options.beforeRequest()
  const { counters } = options.rehearsal
  counters.countRequest(endpoint.path)
  const isGet = request.method === 'GET'
  const form = readForm(isGet ? url.searchParams : new URLSearchParams(body))
  if (endpoint.costs === true) counters.countOrderForm(form.values)
  if (endpoint.exclusive === true) countConcurrent(options.rehearsal, response)
  const fault = options.faults.take(endpoint.path)
  if (fault?.kind === 'drop-before-accept') return void response.destroy()
  if (fault?.kind === 'hang' && !carriesOut(fault)) return
  const reply = await answer(options, endpoint, isGet, form, fault)
  if (fault === undefined) return write(response, reply)
  return misbehave(fault, reply, response)
}

const underWay = new WeakMap<Rehearsal, number>()

/** The documents allow no concurrent collection calls. */
function countConcurrent(rehearsal: Rehearsal, response: ServerResponse): void {
  const open = underWay.get(rehearsal) ?? 0
  if (open > 0) rehearsal.counters.collectedConcurrently += 1
  underWay.set(rehearsal, open + 1)
  response.once('close', () => underWay.set(rehearsal, (underWay.get(rehearsal) ?? 1) - 1))
}

interface ReadForm {
  readonly values: ReadonlyMap<string, string>
  /** A name that stands twice with different values. */
  readonly duplicate?: string
}

function readForm(parameters: URLSearchParams): ReadForm {
  const values = new Map<string, string>()
  for (const [name, value] of parameters) {
    if (values.has(name) && values.get(name) !== value) return { values, duplicate: name }
    values.set(name, value)
  }
  return { values }
}

async function answer(
  options: FrontOptions,
  endpoint: Endpoint,
  isGet: boolean,
  form: ReadForm,
  fault: Fault | undefined,
): Promise<EndpointReply> {
  try {
    if (!options.secure) throw new Refused(-1, 'Request was not made over https!')
    if (isGet && endpoint.get !== true) throw new Refused(-17, 'Request used GET rather than POST!')
    if (fault?.kind === 'error') throw new Refused(fault.code ?? -14, fault.message ?? 'An unknown error occurred!')
    if (form.duplicate !== undefined) {
      throw new Refused(-4, `The value of the '${form.duplicate}' argument is invalid!`, form.duplicate)
    }
    if (fault !== undefined && !carriesOut(fault)) return { contentType: TEXT, body: '' }
    return await endpoint.handle(form.values, options.rehearsal)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const item = error.item === undefined ? {} : { item: error.item }
    return endpoint.refuse(form.values, { code: error.code, message: error.message, ...item })
  }
}

function write(response: ServerResponse, reply: EndpointReply): void {
  response.writeHead(reply.status ?? 200, {
    'content-type': reply.contentType,
    ...(reply.location && { location: reply.location }),
  })
  response.end(reply.body)
}

const ERROR_PAGE =
  '<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>'

function misbehave(fault: Fault, reply: EndpointReply, response: ServerResponse): void {
  switch (fault.kind) {
    case 'slow':
      if (fault.until === undefined) setTimeout(() => write(response, reply), fault.delay ?? 1000)
      else fault.until.finally(() => write(response, reply))
      return
    case 'hang':
      return
    case 'lost-reply':
    case 'drop-before-accept':
      response.destroy()
      return
    case 'garbage':
      write(response, { ...reply, body: randomBytes(200) })
      return
    case 'empty':
      write(response, { ...reply, body: '' })
      return
    case 'html':
      write(response, { contentType: 'text/html', body: ERROR_PAGE })
      return
    case 'server-error':
      write(response, { status: fault.status ?? 503, contentType: 'text/html', body: ERROR_PAGE })
      return
    case 'wrong-content-type':
      write(response, { ...reply, contentType: 'text/html; charset=utf-8' })
      return
    case 'redirect':
      write(response, { status: 302, contentType: TEXT, body: '', location: 'https://localhost:1/elsewhere' })
      return
    case 'oversize':
      write(response, { ...reply, body: 'A'.repeat(3 << 20) })
      return
    case 'truncated': {
      const body = Buffer.from(reply.body)
      response.writeHead(200, { 'content-type': reply.contentType, 'content-length': body.length + 10 })
      response.write(body.subarray(0, Math.ceil(body.length / 2)), () => response.destroy())
      return
    }
    case 'error':
      write(response, reply)
  }
}
