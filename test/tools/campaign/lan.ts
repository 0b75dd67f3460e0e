import { execFile, execFileSync, spawn } from 'node:child_process'
import { connect, type Server } from 'node:net'
import { promisify } from 'node:util'

const ip = async (...args: readonly string[]): Promise<void> => void (await promisify(execFile)('ip', args))

/** Of the router, on every wire: no address of a node. */
const GATEWAY = '169.254.1.1'
/** Rules of the router, by what comes first: what is cut, then who is led where. */
const CUT = 50
const LEAD = 30_000
const TABLES = 100

/**
 * Machines as network namespaces, each on a wire to one router. What is cut is dropped by the router's kernel: nobody is told, in either
 * direction or in one. Needs root and Linux.
 */
export class Lan {
  readonly #prefix: string
  readonly #names: string[] = []
  readonly #servers: Server[] = []
  readonly #ends: (() => Promise<void>)[] = []
  /** Each cut is a rule of its own number: to delete it by what it drops might take another, which drops more exactly that. */
  #cuts = 0

  private constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** Throws where this machine forbids it. */
  static async start(): Promise<Lan> {
    const lan = new Lan(`fleet${process.pid}`)
    try {
      await lan.#add('router')
      const on = ['net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0']
      const files = on
        .map((setting) => setting.split('='))
        .map(([name = '', value = '']) => [name.replaceAll('.', '/'), value])
      for (const [file, value] of files)
        execFileSync('ip', ['netns', 'exec', lan.#name('router'), 'sh', '-c', `echo ${value} > /proc/sys/${file}`])
      // A rule that drops is what all cuts need: found out before anything is built on it.
      await lan.#rule('add', CUT, 'from', '192.0.2.1', 'blackhole')
      await lan.#rule('del', CUT, 'from', '192.0.2.1', 'blackhole')
      return lan
    } catch (error) {
      await lan.close()
      throw error
    }
  }

  #name(node: string): string {
    return `${this.#prefix}-${node}`
  }

  async #add(node: string): Promise<string> {
    const name = this.#name(node)
    await ip('netns', 'add', name)
    this.#names.push(name)
    await ip('-n', name, 'link', 'set', 'lo', 'up')
    return name
  }

  #rule(what: 'add' | 'del', preference: number, ...selector: readonly string[]): Promise<void> {
    return ip('-n', this.#name('router'), 'rule', what, 'pref', `${preference}`, ...selector)
  }

  /** A machine with an address. */
  async node(node: string, address: string): Promise<void> {
    const name = await this.#add(node)
    const router = this.#name('router')
    const wire = `to-${node}`
    await ip('link', 'add', 'eth0', 'netns', name, 'type', 'veth', 'peer', 'name', wire, 'netns', router)
    await ip('-n', name, 'addr', 'add', `${address}/32`, 'dev', 'eth0')
    await ip('-n', name, 'link', 'set', 'eth0', 'up')
    await ip('-n', router, 'addr', 'add', `${GATEWAY}/32`, 'dev', wire)
    await ip('-n', router, 'link', 'set', wire, 'up')
    await ip('-n', router, 'route', 'add', `${address}/32`, 'dev', wire)
    await ip('-n', name, 'route', 'add', 'default', 'via', GATEWAY, 'dev', 'eth0', 'onlink')
  }

  /** One address behind which several machines are, as behind a name with several addresses; `lead` says who gets which. */
  async shared(address: string, nodes: readonly string[]): Promise<void> {
    for (const [index, node] of nodes.entries()) {
      await ip('-n', this.#name(node), 'addr', 'add', `${address}/32`, 'dev', 'lo')
      await ip(
        '-n',
        this.#name('router'),
        'route',
        'add',
        `${address}/32`,
        'dev',
        `to-${node}`,
        'table',
        `${TABLES + index}`,
      )
    }
  }

  /** From now on, that address means the machine `index` of `shared` for whoever has the address `from`. */
  async lead(from: string, index: number, before?: number): Promise<void> {
    await this.#rule('add', LEAD, 'from', from, 'lookup', `${TABLES + index}`)
    if (before !== undefined && before !== index)
      await this.#rule('del', LEAD, 'from', from, 'lookup', `${TABLES + before}`)
  }

  /** Drops what goes from one address to another ("all": to anywhere, or from); returns how to let it pass again. */
  async cut(from: string, to: string): Promise<() => Promise<void>> {
    const selector = [...(from === 'all' ? [] : ['from', from]), ...(to === 'all' ? [] : ['to', to]), 'blackhole']
    const preference = CUT + (this.#cuts++ % (LEAD - CUT))
    await this.#rule('add', preference, ...selector)
    return () => this.#rule('del', preference)
  }

  /** What goes before a command so that it runs on that machine, as the same process. */
  inside(node: string): readonly string[] {
    return ['nsenter', `--net=/run/netns/${this.#name(node)}`, '--']
  }

  /** What connects to an address and port on that machine is led to a port on the loopback of this process. */
  async door(node: string, address: string, port: number, target: number): Promise<void> {
    const [command = '', ...before] = this.inside(node)
    const child = spawn(command, [...before, process.execPath, '-e', LISTEN, address, `${port}`], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const server = await new Promise<Server>((done, failed) => {
      child.once('message', (_, handle) => done(handle as Server))
      child.once('exit', () => failed(new Error(`nothing listens on ${address}:${port}`)))
    })
    this.#servers.push(server)
    server.on('connection', (near) => {
      const far = connect(target, '127.0.0.1')
      near.pipe(far).pipe(near)
      near.on('error', () => far.destroy()).on('close', () => far.destroy())
      far.on('error', () => near.destroy()).on('close', () => near.destroy())
    })
  }

  /** What is to be ended before the machines are gone, the last first. */
  atEnd(end: () => Promise<void>): void {
    this.#ends.unshift(end)
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end()
    for (const server of this.#servers) server.close()
    for (const name of this.#names) await ip('netns', 'del', name).catch(() => undefined)
  }
}

/** Runs on the other machine: a socket belongs to the network that it was made in, whoever has it. */
const LISTEN = `const server = require('net').createServer().listen(Number(process.argv[2]), process.argv[1], () =>
  process.send('listening', server, {}, () => process.exit()))`
