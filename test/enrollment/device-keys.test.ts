import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runInside, setEnvironment } from './run-inside.ts'

interface Entry {
  readonly location: string
  readonly run?: string
  readonly inUse: boolean
  readonly unread?: string
}

interface Shown {
  readonly id: string
  readonly keyLocation: string
}

/** The program on a rehearsal of its own. */
async function rehearse(
  device: string,
  act: (program: (...args: string[]) => ReturnType<typeof runInside>, rehearsal: Rehearsal) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'device-keys-'))
  const rehearsal = await startRehearsal({ directory: folder, device, algorithm: 'P-256' })
  const restore = setEnvironment(rehearsal.environment)
  try {
    await act((...args) => runInside([...args, '--json']), rehearsal)
  } finally {
    restore()
    await rehearsal.close()
    await rm(folder, { recursive: true })
  }
}

describe('the keys of a device', () => {
  it.each(['luna', 'nshield', 'fortanix', 'marvell-google'])(
    'are listed with their runs on %s; the key of a paid run is not deleted, that of a rehearsal is, by name',
    async (device) => {
      await rehearse(device, async (program, { profile }) => {
        const list = async (): Promise<ReadonlyMap<string, Entry>> => {
          const end = await program('keys', 'list', profile)
          expect(end.code, end.stderr).toBe(0)
          const { keys } = JSON.parse(end.stdout) as { keys: readonly Entry[] }
          return new Map(keys.map((entry) => [entry.location, entry]))
        }
        const paid = JSON.parse((await program('enroll', profile, '--yes', '--wait')).stdout) as Shown
        const test = JSON.parse((await program('enroll', profile, '--test', '--yes', '--wait')).stdout) as Shown
        const before = await list()
        expect(before.get(paid.keyLocation)).toMatchObject({ run: paid.id, inUse: true })
        expect(before.get(test.keyLocation)).toMatchObject({ run: test.id, inUse: false })

        const held = await program('keys', 'delete', paid.keyLocation, profile, '--yes')
        expect([held.code, held.stderr]).toEqual([1, expect.stringContaining(paid.id)])
        const unasked = await program('keys', 'delete', test.keyLocation, profile)
        expect(unasked.code, unasked.stderr).toBe(2)
        expect((await list()).size).toBe(2)

        const deleted = await program('keys', 'delete', test.keyLocation, profile, '--yes')
        expect(deleted.code, deleted.stderr).toBe(0)
        const after = await list()
        expect(after.get(paid.keyLocation)).toMatchObject({ run: paid.id, inUse: true })
        const gone = after.get(test.keyLocation)
        // Cloud KMS keeps a version that can be restored.
        expect(gone === undefined || gone.unread?.includes('destroyed on') === true, JSON.stringify(gone)).toBe(true)
        expect((await program('keys', 'delete', test.keyLocation, profile, '--yes')).code).toBe(3)
      })
    },
  )

  it.each(['fortanix', 'marvell-google'])('are replaced on %s once the new one serves', async (device) => {
    await rehearse(device, async (program, { profile, ca }) => {
      const old = JSON.parse((await program('enroll', profile, '--yes', '--wait')).stdout) as Shown
      const held = await program('enroll', profile, '--new', '--yes', '--wait', '--replace-key', old.keyLocation)
      expect([held.code, held.stderr]).toEqual([1, expect.stringContaining(`--abandon ${old.id}`)])
      const end = await program(
        ...['enroll', profile, '--new', '--yes', '--wait'],
        ...['--replace-key', old.keyLocation, '--abandon', old.id],
      )
      expect(end.code, end.stderr).toBe(0)
      const { keyLocation } = JSON.parse(end.stdout) as Shown
      const { keys } = JSON.parse((await program('keys', 'list', profile)).stdout) as { keys: readonly Entry[] }
      expect(keys.filter(({ unread }) => unread === undefined).map(({ location }) => location)).toEqual([keyLocation])
      expect(ca.orders).toHaveLength(2)
    })
  })
})
