import { createServer } from 'node:http'
import { type Metric, prometheusText } from '../enrollment/metrics/prometheus-text.ts'
import { EnrollError } from '../errors.ts'
import { listen } from '../http-listening.ts'
import { VERSION } from '../version.ts'
import type { CallRecord } from './broker-server.ts'

/** Counts calls for `/metrics`. Counts begin with the process, as Prometheus expects of counters. */
export class CallCounts {
  readonly #calls = new Map<string, { readonly labels: Readonly<Record<string, string>>; value: number }>()

  add({ route, method, status, caller }: CallRecord): void {
    // Whatever a stranger writes as a method is none of ours.
    const labels = { route, method: METHODS.includes(method) ? method : 'other', status: String(status) }
    const who = caller === undefined ? { ...labels, caller: 'stranger' } : { ...labels, caller }
    const key = JSON.stringify(who)
    const count = this.#calls.get(key) ?? { labels: who, value: 0 }
    count.value++
    this.#calls.set(key, count)
  }

  get metrics(): readonly Metric[] {
    return [
      {
        name: 'hsm_enroll_build_info',
        help: 'The version of hsm-enroll.',
        samples: [{ labels: { version: VERSION }, value: 1 }],
      },
      {
        name: 'hsm_enroll_broker_calls_total',
        help: 'Calls by how they were answered.',
        type: 'counter',
        samples: [...this.#calls.values()],
      },
    ]
  }
}

const METHODS = ['GET', 'POST']

export interface HealthOptions {
  /** 0 picks a free one. */
  readonly port: number
  /** Rejects with what keeps the broker from taking orders. */
  readonly ready: () => Promise<unknown>
  readonly metrics: () => readonly Metric[]
}

/**
 * `/healthz` (the process answers), `/readyz` (it can take orders) and `/metrics`, in plain HTTP on 127.0.0.1 alone: who watches from
 * elsewhere has a proxy. Throws EnrollError `broker.listen`.
 */
export async function startHealthServer(options: HealthOptions): Promise<{
  readonly url: string
  close(): Promise<void>
}> {
  const server = createServer(async (request, reply) => {
    const { status, text } = request.method === 'GET' ? await answer(request.url ?? '', options) : NOT_FOUND
    reply.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text)
  })
  const refused = (cause: unknown): EnrollError =>
    new EnrollError('broker.listen', `Could not listen on 127.0.0.1:${options.port}.`, {
      remedy: 'Choose another --health-port.',
      cause,
    })
  const port = await listen(server, '127.0.0.1', options.port, refused)
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}

const NOT_FOUND = { status: 404, text: 'see /healthz, /readyz and /metrics\n' }

async function answer(path: string, { ready, metrics }: HealthOptions): Promise<typeof NOT_FOUND> {
  switch (path) {
    case '/healthz':
      return { status: 200, text: 'ok\n' }
    case '/readyz':
      return ready().then(
        () => ({ status: 200, text: 'ready\n' }),
        // What is wrong is for the log; an address or a path is for nobody here.
        (error: unknown) => ({ status: 503, text: `${error instanceof EnrollError ? error.code : 'defect'}\n` }),
      )
    case '/metrics':
      return { status: 200, text: prometheusText(metrics()) }
    default:
      return NOT_FOUND
  }
}
