import { createHmac } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expiringEvent } from '../../src/enrollment/telling/event.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { validatorOf } from '../cli/published-schemas.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'

/** Who is told of what happens to a run, and that a run does not depend on them. */
let folder: string
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hooks-'))
  rehearsal = await startRehearsal({ directory: folder, device: 'yubihsm2', algorithm: 'P-256' })
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

interface Event {
  readonly id: string
  readonly type: string
  readonly run: string
  readonly orderNumber?: string
}
const enroll = (...more: string[]): Promise<ProgramEnd> =>
  runInside(['enroll', rehearsal.profile, '--yes', '--wait', '--json', ...more])
const resumeAll = (): Promise<ProgramEnd> =>
  runInside(['runs', 'resume', '--all', '--state-directory', rehearsal.stateDirectory], {
    env: { HSM_ENROLL_HOOKS_COMMAND: join(folder, 'hook') },
  })

async function hooks(lines: readonly string[]): Promise<void> {
  const text = await readFile(rehearsal.profile, 'utf8')
  await writeFile(rehearsal.profile, `${text}\nhooks:\n${lines.map((line) => `  ${line}\n`).join('')}`)
}
/** A hook that keeps what it gets, and fails as long as `broken` is there. */
async function commandHook(): Promise<() => Promise<readonly Event[]>> {
  const file = join(folder, 'hook')
  await writeFile(file, `#!/bin/sh\n[ ! -e '${folder}/broken' ] || exit 3\ncat >> '${folder}/told'\n`)
  await chmod(file, 0o755)
  await hooks([`command: ${file}`])
  return async () => {
    const text = await readFile(join(folder, 'told'), 'utf8').catch(() => '')
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Event]))
  }
}

describe('a command', () => {
  it('gets each event once, as JSON, without a secret', async () => {
    const told = await commandHook()
    const { id } = JSON.parse((await enroll()).stdout) as { id: string }
    expect((await enroll('--new')).code).toBe(0)
    await resumeAll()
    const events = await told()
    expect(events.map(({ type }) => type)).toEqual(['issued', 'issued'])
    expect(events[0]).toMatchObject({ run: id, orderNumber: rehearsal.ca.orders[0]?.orderNumber })
    const validate = validatorOf('event')
    for (const event of events) expect(validate(event), JSON.stringify(validate.errors)).toBe(true)
    const text = JSON.stringify(events)
    for (const secret of [...Object.values(rehearsal.double.secrets), rehearsal.ca.login.loginPassword])
      expect(text).not.toContain(secret)
  })

  it('that fails does not fail the run, and is told again with the same id', async () => {
    const told = await commandHook()
    await writeFile(join(folder, 'broken'), '')
    const end = await enroll()
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toContain('the command hook was not told of "issued" and will be again')
    expect(await told()).toEqual([])
    await rm(join(folder, 'broken'))
    await resumeAll()
    await resumeAll()
    expect((await told()).map(({ type }) => type)).toEqual(['issued'])
  })

  it('of one profile is not told of the runs of another, whose own hook is', async () => {
    const told = await commandHook()
    const mine = await readFile(rehearsal.profile, 'utf8')
    const other = join(folder, 'other.yaml')
    const otherHook = join(folder, 'other-hook')
    await writeFile(otherHook, `#!/bin/sh\n[ ! -e '${folder}/broken' ] || exit 3\ncat >> '${folder}/other-told'\n`)
    await chmod(otherHook, 0o755)
    await writeFile(other, mine.replace(join(folder, 'hook'), otherHook).replace(/CN=[^,]*/, 'CN=Another'))
    const end = await enroll()
    expect(end.code, end.stderr).toBe(0)
    await writeFile(join(folder, 'broken'), '')
    const second = await runInside(['enroll', other, '--yes', '--wait', '--json'])
    expect(second.code, second.stderr).toBe(0)
    await rm(join(folder, 'broken'))
    for (const profile of [rehearsal.profile, other])
      expect((await runInside(['renew', profile, '--json'])).code).toBe(0)
    const runOf = ({ stdout }: ProgramEnd): string => (JSON.parse(stdout) as { id: string }).id
    expect((await told()).map(({ run }) => run)).toEqual([runOf(end)])
    expect(await readFile(join(folder, 'other-told'), 'utf8')).toContain(runOf(second))
  })

  it('is told of what a person has to look at', async () => {
    const told = await commandHook()
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    expect((await enroll()).code).toBe(5)
    expect((await told()).map(({ type }) => type)).toEqual(['unknown'])
  })

  it('is told only of the events that it wants', async () => {
    const told = await commandHook()
    const text = await readFile(rehearsal.profile, 'utf8')
    await writeFile(rehearsal.profile, `${text}  on: [refused, unknown]\n`)
    expect((await enroll()).code).toBe(0)
    expect(await told()).toEqual([])
    await writeFile(rehearsal.profile, `${text}  on: [isued]\n`)
    expect((await enroll('--new')).stderr).toContain('Did you mean')
  })
})

describe('a webhook', () => {
  let server: Server
  afterEach(() => new Promise((done) => server.close(done)))

  it('gets what was sent with a signature, is asked again after an error, and has the same id then', async () => {
    const got: { readonly body: string; readonly headers: NodeJS.Dict<string | string[]> }[] = []
    server = createServer((request, reply) => {
      let body = ''
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      request.on('end', () => {
        got.push({ body, headers: request.headers })
        reply.writeHead(got.length === 1 ? 503 : 204).end()
      })
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token-in-the-path`
    await writeFile(join(folder, 'address'), address)
    await writeFile(join(folder, 'secret'), 'a shared secret\n')
    await hooks([`webhook: file:${join(folder, 'address')}`, `webhookSecret: file:${join(folder, 'secret')}`])
    const end = await enroll()
    expect(end.code, end.stderr).toBe(0)
    expect(got).toHaveLength(2)
    const [first, second] = got
    expect(second?.body).toBe(first?.body)
    expect(first?.headers['hsm-enroll-event-id']).toBe((JSON.parse(first?.body ?? '') as Event).id)
    const signed = `${second?.headers['hsm-enroll-timestamp']}.${second?.body}`
    const mac = createHmac('sha256', 'a shared secret').update(signed).digest('hex')
    expect(second?.headers['hsm-enroll-signature']).toBe(`sha256=${mac}`)
    const { folder: run } = JSON.parse(end.stdout) as { folder: string }
    expect(await readFile(join(run, 'journal.jsonl'), 'utf8')).not.toContain('token-in-the-path')
  })
})

describe('mail', () => {
  it('goes through sendmail, and nothing from outside becomes a header', async () => {
    const sendmail = join(folder, 'sendmail')
    await writeFile(sendmail, `#!/bin/sh\necho "$@" > '${folder}/words'\ncat > '${folder}/mail'\n`)
    await chmod(sendmail, 0o755)
    await hooks([`mailTo: [ops@example.com]`, `sendmail: ${sendmail}`])
    expect((await enroll()).code).toBe(0)
    expect(await readFile(join(folder, 'words'), 'utf8')).toBe('-i -t\n')
    const [head = '', body = ''] = (await readFile(join(folder, 'mail'), 'utf8')).split('\n\n')
    expect(head.split('\n').map((line) => line.split(':')[0])).toEqual([
      'To',
      'Subject',
      'Auto-Submitted',
      'Message-ID',
      'MIME-Version',
      'Content-Type',
      'Content-Transfer-Encoding',
    ])
    expect(body).toContain('type: issued')
  })

  it('says nothing of what is not known', async () => {
    const sendmail = join(folder, 'sendmail')
    await writeFile(sendmail, `#!/bin/sh\ncat > '${folder}/mail'\n`)
    await chmod(sendmail, 0o755)
    await hooks([`mailTo: [ops@example.com]`, `sendmail: ${sendmail}`])
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    expect((await enroll()).code).toBe(5)
    const body = await readFile(join(folder, 'mail'), 'utf8')
    expect(body).toContain('type: unknown')
    expect(body).not.toContain('undefined')
  })

  it('is told to each address once: one that was not reached, or was added since, is told alone', async () => {
    const sendmail = join(folder, 'sendmail')
    const keep = `cat > '${folder}/mail'; grep '^To:' '${folder}/mail' >> '${folder}/to'`
    await writeFile(sendmail, `#!/bin/sh\n${keep}\n! grep -q away@ '${folder}/mail' || [ -e '${folder}/back' ]\n`)
    await chmod(sendmail, 0o755)
    await hooks([`mailTo: [ops@example.com, away@example.com]`, `sendmail: ${sendmail}`])
    const end = await enroll()
    expect(end.stderr).toContain('the mail hook was not told of "issued"')
    await writeFile(join(folder, 'back'), '')
    const text = await readFile(rehearsal.profile, 'utf8')
    await writeFile(rehearsal.profile, text.replace('[ops@', '[new@example.com, ops@'))
    for (let day = 0; day < 2; day++) expect((await runInside(['renew', rehearsal.profile, '--json'])).code).toBe(0)
    const told = (await readFile(join(folder, 'to'), 'utf8')).trimEnd().split('\n')
    expect(told).toEqual(['ops', 'away', 'new', 'away'].map((name) => `To: ${name}@example.com`))
  })
})

describe('an end that comes near', () => {
  it('is one event for each of the days 30, 14, 7, 3, 1 and the end, whoever asks and however often', () => {
    const about = { spkiSha256: 'ab', notAfter: '2027-01-31T00:00:00.000Z' }
    const at = (days: number) => expiringEvent(about, Date.parse(about.notAfter) - days * 86_400_000)?.id
    expect(at(31)).toBeUndefined()
    expect(at(30)).toBe(at(15))
    const ids = [30, 14, 7, 3, 1, 0].map(at)
    expect(new Set(ids).size).toBe(6)
    expect(at(-100)).toBe(at(0))
  })
})
