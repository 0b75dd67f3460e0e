import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anotherUser, LockProcesses, newPidNamespace, readOnly } from './lock-processes.ts'

const pidNamespace = newPidNamespace()
const nobody = anotherUser()

describe.runIf(process.platform === 'linux')('a lock between processes', () => {
  const processes = new LockProcesses()
  const readOnlyFolder = readOnly(processes.folder)
  let count = 0
  const newFile = (): string => join(processes.folder, `${count++}.lock`)
  beforeAll(() => processes.build())
  afterAll(() => processes.remove())

  it('is refused while another process holds it, which is named, and is free when that ends', async () => {
    const file = newFile()
    const first = processes.start([file])
    const { what, detail: pid } = await first.next()
    expect(what).toBe('taken')
    const refused = await processes.start([file]).next()
    expect(refused.what).toBe('held')
    expect(refused.detail).toMatch(new RegExp(`^process ${pid} \\(lock-holder.mjs, user .+, since 20`))
    first.end()
    expect(await first.next()).toMatchObject({ what: 'released' })
    expect(readFileSync(file, 'utf8')).toBe('')
    expect(await processes.start([file]).next()).toMatchObject({ what: 'taken' })
  })

  it('is free at once when its process is killed, and the one that waits for it gets it', async () => {
    const file = newFile()
    const first = processes.start([file])
    await first.next()
    const waiting = processes.start([file, 'own', '100000'])
    await first.kill()
    expect(await waiting.next()).toMatchObject({ what: 'taken' })
  })

  it('that was left behind is taken by exactly one of three, in every round', async () => {
    for (let round = 0; round < 8; round++) {
      const file = newFile()
      const dead = processes.start([file])
      await dead.next()
      await dead.kill()
      const said = await Promise.all([1, 2, 3].map(() => processes.start([file]).next()))
      expect(said.map(({ what }) => what).sort()).toEqual(['held', 'held', 'taken'])
    }
  })

  it('of a version that wrote a process number into the file neither counts nor stays', async () => {
    const file = newFile()
    // Process 1 lives on every host.
    writeFileSync(file, '1 0123456789abcdef\n')
    expect(await processes.start([file]).next()).toMatchObject({ what: 'taken' })
    const refused = await processes.start([file]).next()
    expect(refused.detail).not.toContain('process 1 ')
  })

  it.runIf(pidNamespace !== undefined)(
    'holds between two PID namespaces, whose processes have one number',
    async () => {
      const file = newFile()
      const first = processes.start([file], pidNamespace)
      expect(await first.next()).toEqual({ what: 'taken', detail: '1' })
      const refused = await processes.start([file], pidNamespace).next()
      expect(refused).toMatchObject({
        what: 'held',
        detail: expect.stringMatching(/^process 1 of another container or PID namespace/),
      })
      expect(await processes.start([file]).next()).toMatchObject({ what: 'held' })
    },
  )

  it.runIf(pidNamespace !== undefined)(
    'of the process 1 of a container that is killed is free, though there is a process 1 again',
    async () => {
      const file = newFile()
      const first = processes.start([file], pidNamespace)
      expect(await first.next()).toEqual({ what: 'taken', detail: '1' })
      await first.kill()
      const next = processes.start([file, 'own', '100000'], pidNamespace)
      expect(await next.next()).toEqual({ what: 'taken', detail: '1' })
      await next.kill()
      expect(await processes.start([file, 'own', '100000']).next()).toMatchObject({ what: 'taken' })
    },
  )

  it.runIf(nobody !== undefined)(
    'of root, on a device, holds against another user and serves that user afterwards',
    async () => {
      const file = newFile()
      const root = processes.start([file, 'shared'])
      await root.next()
      const refused = await processes.start([file, 'shared'], nobody).next()
      expect(refused).toMatchObject({ what: 'held', detail: expect.stringContaining('user root') })
      root.end()
      await root.next()
      const other = processes.start([file, 'shared'], nobody)
      expect(await other.next()).toMatchObject({ what: 'taken' })
      expect(await processes.start([file, 'shared']).next()).toMatchObject({ what: 'held' })
    },
  )

  it.runIf(readOnlyFolder !== undefined)(
    'in a folder that is read-only is a fault that says so, whether the file is there or not',
    async () => {
      const file = newFile()
      for (const content of [undefined, '']) {
        if (content !== undefined) writeFileSync(file, content)
        const { what, detail } = await processes.start([file], readOnlyFolder).next()
        expect({ what, detail }).toEqual({ what: 'fault', detail: 'LockFault: the file system is read-only' })
      }
    },
  )

  it.runIf(nobody !== undefined)('names a user who has no name, as in a container, by the number', async () => {
    const file = newFile()
    const nameless = ['setpriv', '--reuid=54321', '--regid=54321', '--clear-groups']
    expect(await processes.start([file, 'shared'], nameless).next()).toMatchObject({ what: 'taken' })
    const refused = await processes.start([file, 'shared']).next()
    expect(refused).toMatchObject({ what: 'held', detail: expect.stringContaining('user uid 54321') })
  })

  it.runIf(nobody !== undefined)('in a folder of another user is a fault that says so', async () => {
    const folder = join(processes.folder, 'of-root')
    mkdirSync(folder, { mode: 0o755 })
    const { what, detail } = await processes.start([join(folder, 'lock')], nobody).next()
    expect({ what, detail }).toEqual({
      what: 'fault',
      detail: 'LockFault: this user has no write permission in the folder',
    })
  })

  it.runIf(nobody !== undefined)(
    'that root left in a state folder is a fault with a way out, and no endless wait',
    async () => {
      const file = newFile()
      const root = processes.start([file])
      await root.next()
      root.end()
      await root.next()
      const { what, detail } = await processes.start([file], nobody).next()
      expect({ what, detail }).toMatchObject({ what: 'fault', detail: 'LockFault: the file belongs to root' })
    },
  )
})
