/**
 * Debian's pcscd, for this process alone, with virtual readers that the PIV card double sits in.
 *
 *   const { card, trustAnchors } = createPivCard({ personality: 'yubikey-5.4.3' })
 *   const pcscd = await startPcscd([card])
 *   await pcscd.runInside('yubico-piv-tool', ['-a', 'status'])      // any program, with the environment that leads it here
 *   pcscd.slots[0].remove(); await pcscd.slots[0].insert()          // pull the card, put it back
 *   await pcscd.close()
 *
 * A PKCS#11 module that this process loads blocks its thread, and the card could never answer: `startPivCards`
 * (start-piv-cards.ts) holds cards and daemon in a thread of their own; its `environment` goes into `process.env` first.
 *
 * The daemon lives in a mount and a network namespace of its own, so that it neither meets a pcscd of the host nor listens
 * on a network, and sees no USB reader: a real YubiKey that is plugged in cannot be touched. Its clients need no namespace:
 * libpcsclite takes the socket's path from PCSCLITE_CSOCK_NAME. The daemon ends when this process ends, however that happens.
 * Needs Linux, pcscd, vsmartcard-vpcd, util-linux, iproute2, bash; root, or user namespaces open to everyone.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { access, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { hideReader } from './hide-reader.ts'
import type { PivCard } from './piv-card.ts'
import { readReaderStates } from './reader-states.ts'
import { type ProgramResult, type RunOptions, runProgram } from './run-program.ts'
import { type ReaderConnection, VPCD_PORT, VpcdSlot } from './vpcd.ts'

const DAEMON = ['/usr/sbin/pcscd', '/usr/local/sbin/pcscd']
const DRIVER = [
  '/usr/lib/pcsc/drivers/serial/libifdvpcd.so',
  '/usr/lib64/pcsc/drivers/serial/libifdvpcd.so',
  '/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so',
]

/** libykcs11 2.2.0 takes only readers whose name begins with "Yubico"; ykman reads the interfaces out of it. */
const READER_NAME = 'Yubico YubiKey CCID'
/** vpcd is built with two slots: "… 00 00" and "… 00 01". */
const READER_SLOTS = 2
const readerName = (slot: number): string => `${READER_NAME} 00 0${slot}`

export interface PrivatePcscd {
  /** What a client needs: `PCSCLITE_CSOCK_NAME`. */
  readonly environment: Readonly<Record<string, string>>
  /** One per card, in order. The cards are inserted. */
  readonly slots: readonly VpcdSlot[]
  /** Reader names as clients see them, in order. */
  readonly readers: readonly string[]
  /** Runs a program whose PC/SC calls end up here. */
  runInside(command: string, args: readonly string[], options?: RunOptions): Promise<ProgramResult>
  close(): Promise<void>
}

export interface PcscdOptions {
  /** Where the private folder is made; short, for a socket's path holds 107 octets. Default: the system's temporary folder. */
  readonly directory?: string
}

/** By their paths: a PATH without them is not the want of a right. */
const UNSHARE = '/usr/bin/unshare'
const NSENTER = '/usr/bin/nsenter'

/** What is missing on this machine to run it, in words; empty where it can run. */
export function missingForPcscd(): readonly string[] {
  if (process.platform !== 'linux') return ['Linux']
  const missing = [
    ...(DAEMON.some(existsSync) ? [] : ['pcscd']),
    ...(DRIVER.some(existsSync) ? [] : ['vsmartcard-vpcd']),
    ...([UNSHARE, NSENTER].every(existsSync) ? [] : ['util-linux']),
    ...(['/sbin/ip', '/usr/sbin/ip', '/bin/ip', '/usr/bin/ip'].some(existsSync) ? [] : ['iproute2']),
  ]
  return missing.length > 0 || mayUnshare() ? missing : ['the right to make namespaces (root, or user namespaces)']
}

const mayUnshare = (): boolean => spawnSync(UNSHARE, [...asRoot(), '--mount', '--net', 'true']).status === 0

/** Starts the daemon and inserts one or two cards. Throws Error with the daemon's own words where it does not come up. */
export async function startPcscd(cards: readonly PivCard[], options: PcscdOptions = {}): Promise<PrivatePcscd> {
  const missing = missingForPcscd()
  if (missing.length > 0) throw new Error(`pcscd cannot run here: ${missing.join(', ')} missing`)
  if (cards.length < 1 || cards.length > READER_SLOTS) throw new RangeError(`1 to ${READER_SLOTS} cards`)
  const folder = await mkdtemp(join(options.directory ?? tmpdir(), 'pcscd-'))
  const daemon = await launch(folder)
  const socket = join(folder, 'run', 'pcscd.comm')
  const shown = cards.length < READER_SLOTS ? join(folder, 'pcscd.comm') : socket
  const environment = { PCSCLITE_CSOCK_NAME: shown }
  const readers = cards.map((_card, index) => readerName(index))
  const slots = cards.map(
    (card, index) =>
      new VpcdSlot(card, {
        connect: () => relay(daemon, VPCD_PORT + index),
        state: async () => (await readReaderStates(socket)).get(readers[index] ?? ''),
      }),
  )
  let showAll = async (): Promise<void> => undefined
  const close = async (): Promise<void> => {
    for (const slot of slots) slot.remove()
    await showAll()
    await ended(daemon)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await ready(daemon, socket)
    if (shown !== socket) showAll = await hideReader(readerName(cards.length), socket, shown)
    await Promise.all(slots.map((slot) => slot.insert()))
  } catch (error) {
    const said = daemonWords(daemon.log())
    await close()
    throw said === '' || !(error instanceof Error)
      ? error
      : new Error(`${error.message}; pcscd says: ${said}`, { cause: error })
  }
  return {
    environment,
    slots,
    readers,
    runInside: (command, args, run = {}) => runProgram(command, args, { ...run, env: { ...run.env, ...environment } }),
    close,
  }
}

/** The last lines of the daemon's log, without its colours and times. */
export const daemonWords = (log: string): string =>
  stripVTControlCharacters(log)
    .split('\n')
    .map((line) => line.replace(/^\d{8} /, '').trim())
    .filter((line) => line !== '')
    .slice(-4)
    .join(' | ')
    .slice(-500)

/**
 * Version 2 asks polkit who may use a card, over a D-Bus that these namespaces do not reach, and then refuses everybody; the socket
 * lies in a folder of this user's alone, so that nobody else need be refused.
 *
 * Runs in the new namespaces, and ends the daemon when its own input ends. The driver writes a length and a body apart, so
 * Nagle's rule and delayed acknowledgements would cost 40 ms a command: `quickack` takes that away where ip knows it.
 */
const DAEMON_SCRIPT = `
set -e
mount -t tmpfs tmpfs /run
mkdir /run/pcscd
mount --bind "$1/run" /run/pcscd
mount -t tmpfs tmpfs "$2"
ip link set lo up
ip route replace local 127.0.0.1 dev lo table local quickack 1 || true
polkit=
if "$3" --help | grep -q -e --disable-polkit; then polkit=--disable-polkit; fi
exec 3<&0
"$3" $polkit --foreground --config "$1/conf" </dev/null & daemon=$!
cat <&3 >/dev/null & watch=$!
set +e
wait -n
kill $daemon $watch 2>/dev/null
wait
`

interface Daemon {
  readonly child: ChildProcess
  readonly log: () => string
}

async function launch(folder: string): Promise<Daemon> {
  const driver = DRIVER.find(existsSync) ?? ''
  const program = DAEMON.find(existsSync) ?? ''
  await mkdir(join(folder, 'run'))
  await mkdir(join(folder, 'conf'))
  await copyFile(driver, join(folder, 'libifdvpcd.so'))
  await writeFile(join(folder, 'conf', 'reader.conf'), readerConfiguration(join(folder, 'libifdvpcd.so')))
  const drivers = join(driver, '..', '..')
  const child = spawn(
    UNSHARE,
    [...asRoot(), '--mount', '--net', 'bash', '-c', DAEMON_SCRIPT, 'pcscd', folder, drivers, program],
    // In a session of its own: Ctrl-C at the terminal is for the program, which then ends the daemon. Where it cannot, the end of
    // stdin does.
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  )
  let text = ''
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-4000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.stdin.on('error', () => undefined)
  child.on('error', (error) => keep(Buffer.from(error.message)))
  return { child, log: () => text }
}

/** Without root: a user namespace in which we are. */
const asRoot = (): readonly string[] => (process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])

const readerConfiguration = (driver: string): string => `FRIENDLYNAME "${READER_NAME}"
DEVICENAME   /dev/null:0x${VPCD_PORT.toString(16).toUpperCase()}
LIBPATH      ${driver}
CHANNELID    0x${VPCD_PORT.toString(16).toUpperCase()}
`

/** It takes a tenth of a second; a machine that does much else besides may let it wait. */
const START_MILLISECONDS = 60_000

async function ready(daemon: Daemon, socket: string): Promise<void> {
  const until = performance.now() + START_MILLISECONDS
  while (isAlive(daemon) && performance.now() < until) {
    if (await accepts(socket)) return
    await wait(25)
  }
  throw new Error('pcscd did not start')
}

async function accepts(socket: string): Promise<boolean> {
  try {
    await access(socket)
  } catch {
    return false
  }
  return new Promise((resolve) => {
    const probe = connect(socket)
    probe.once('connect', () => probe.destroy())
    probe.once('error', () => resolve(false))
    probe.once('close', (failed) => resolve(!failed))
  })
}

/** Carries octets between its standard streams and a port inside the daemon's network namespace. */
const RELAY_SCRIPT = `
exec 3<>"/dev/tcp/127.0.0.1/$1" 4<&0 || exit 1
cat <&3 & a=$!
cat <&4 >&3 & b=$!
wait -n
kill $a $b 2>/dev/null
wait
`

async function relay(daemon: Daemon, port: number): Promise<ReaderConnection> {
  const user = asRoot().length === 0 ? [] : ['--user', '--preserve-credentials']
  const child = spawn(
    NSENTER,
    ['--target', String(daemon.child.pid), ...user, '--net', 'bash', '-c', RELAY_SCRIPT, 'relay', String(port)],
    { stdio: ['pipe', 'pipe', 'ignore'], detached: true },
  )
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  child.stdin.on('error', () => undefined)
  return {
    input: child.stdout,
    output: child.stdin,
    close: () => {
      child.stdin.end()
      child.stdout.destroy()
    },
  }
}

const isAlive = ({ child }: Daemon): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null

async function ended(daemon: Daemon): Promise<void> {
  if (!isAlive(daemon)) return
  const { child } = daemon
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.stdin?.end()
  const patience = setTimeout(() => child.kill('SIGKILL'), 5000)
  await exit
  clearTimeout(patience)
}
