import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { mountedType, networkFileSystem } from './network-file-system.ts'

describe('a network file system', () => {
  it('is not what the temporary folder, /proc or a missing folder is on', () => {
    for (const folder of [tmpdir(), '/proc', '/nonexistent']) expect(networkFileSystem(folder)).toBeUndefined()
  })

  // Lines as the kernel writes them (proc_pid_mountinfo(5)): optional fields, an escaped blank, two mounts of one device.
  const MOUNTS = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
90 27 0:45 / /mnt/far\\040away rw,nosuid,nodev,relatime shared:7 master:2 - fuse.sshfs me@host: rw,user_id=0
91 27 0:300 / /mnt/s3 rw - fuse.s3fs s3fs rw
`
  it('of FUSE is known by its type in mountinfo', () => {
    expect(mountedType(MOUNTS, 45)).toBe('fuse.sshfs')
    expect(mountedType(MOUNTS, 254 * 256)).toBe('ext4')
    // 300 = 0x12c: the upper bits of a minor number stand above the major one in st_dev.
    expect(mountedType(MOUNTS, 0x2c + 0x100000)).toBe('fuse.s3fs')
    expect(mountedType(MOUNTS, 46)).toBeUndefined()
  })
})
