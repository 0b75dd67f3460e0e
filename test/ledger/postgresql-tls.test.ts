import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAddress } from '../../src/ledger/postgresql/address.ts'
import type { DatabaseOptions } from '../../src/ledger/postgresql/connection.ts'
import { PostgresqlLedger } from '../../src/ledger/postgresql/postgresql-ledger.ts'
import { allHere } from '../not-run.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { missingServer, PASSWORD, PostgresqlServer } from './postgresql-server.ts'

/** A root, and a certificate under it that names 127.0.0.1 and db.example. */
function certify(folder: string): { readonly ca: string; readonly certificate: string; readonly key: string } {
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: readonly string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  openssl(
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=Root'.split(
      ' ',
    ),
  )
  openssl(
    ...'req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=db.example'.split(
      ' ',
    ),
  )
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:db.example\n')
  openssl(
    ...'x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names'.split(
      ' ',
    ),
  )
  return { ca: readFileSync(at('ca.pem'), 'utf8'), certificate: at('server.pem'), key: at('server.key') }
}

describe.skipIf(!allHere(missingServer()))('the connection to PostgreSQL', () => {
  let server: PostgresqlServer
  let database: string
  let ca: string
  let verified: DatabaseOptions
  beforeAll(async () => {
    server = await PostgresqlServer.start()
    database = await server.migrated()
    const made = certify(server.folder)
    ca = made.ca
    const { uid, gid } = statSync(server.data)
    for (const file of [made.certificate, made.key]) chownSync(file, uid, gid)
    chmodSync(made.key, 0o600)
    await server.sql(`ALTER SYSTEM SET ssl_cert_file = '${made.certificate}'`)
    await server.sql(`ALTER SYSTEM SET ssl_key_file = '${made.key}'`)
    verified = { ...server.options(database, 'host_a'), tls: 'verify', ca: async () => ca }
  })
  afterAll(() => server.stop())

  const tlsIs = async (state: 'on' | 'off'): Promise<void> => {
    await server.sql(`ALTER SYSTEM SET ssl = ${state}`)
    await server.kill('SIGINT')
    await server.resume()
  }
  const ask = async (options: DatabaseOptions): Promise<unknown> => {
    const ledger = new PostgresqlLedger(options)
    return ledger.claimOf('k').finally(() => ledger.close())
  }

  describe('with TLS', () => {
    beforeAll(() => tlsIs('on'))

    it('is encrypted by the word of the server, and the server is the one that was meant', async () => {
      const ledger = new PostgresqlLedger(verified)
      const [row] = await ledger.transactions.read<{ ssl: boolean; version: string }>(
        'SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      )
      expect(row).toMatchObject({ ssl: true, version: 'TLSv1.3' })
      await ledger.close()
    })

    it('is refused to a server whose root is not the one of ledger.ca', async () => {
      await expect(ask({ ...verified, ca: undefined })).rejects.toMatchObject({ code: 'ledger.tls' })
    })

    it('is refused to a server that has a certificate for somebody else', async () => {
      await expect(ask({ ...verified, address: { ...verified.address, host: 'localhost' } })).rejects.toMatchObject({
        code: 'ledger.tls',
        message: expect.stringContaining("does not match certificate's altnames"),
      })
    })
  })

  describe('without TLS at the server', () => {
    beforeAll(() => tlsIs('off'))

    it('is refused to a server without TLS, before a name or a password is sent', async () => {
      const proxy = await CuttingProxy.start(server.port)
      const options = { ...verified, address: { ...verified.address, port: proxy.port } }
      await expect(ask(options)).rejects.toMatchObject({ code: 'ledger.tls' })
      expect(Buffer.from(proxy.sent, 'latin1').toString('hex')).toBe('0000000804d2162f')
      await proxy.stop()
    })

    it('goes without TLS only within this host', async () => {
      const socket: DatabaseOptions = {
        ...verified,
        address: { host: server.folder, port: server.port, database },
        password: undefined,
      }
      expect(await ask(socket)).toBeUndefined()
      const far: DatabaseOptions = { ...verified, tls: 'off', address: { ...verified.address, host: 'db.example' } }
      await expect(ask(far)).rejects.toMatchObject({
        code: 'ledger.tls',
        message: expect.stringContaining('without TLS'),
      })
    })
  })
})

describe('the address of a ledger', () => {
  it.each([
    ['postgresql://db.example/ledger', { host: 'db.example', port: 5432, database: 'ledger' }],
    ['postgres://10.0.0.7:6432/led%20ger', { host: '10.0.0.7', port: 6432, database: 'led ger' }],
    ['postgresql://[::1]:5433/ledger', { host: '::1', port: 5433, database: 'ledger' }],
    ['postgresql://%2Frun%2Fpostgresql/ledger', { host: '/run/postgresql', port: 5432, database: 'ledger' }],
  ])('%s is read', (text, address) => {
    expect(readAddress(text)).toEqual(address)
  })

  it.each([
    [`postgresql://me:${PASSWORD}@db.example/ledger`, 'ledger.password'],
    ['postgresql://me@db.example/ledger', 'ledger.user'],
    ['postgresql://db.example/ledger?sslmode=require', 'ledger.tls'],
    ['postgresql://db.example/ledger?SSLMODE=disable', 'ledger.tls'],
    ['postgresql://db.example/ledger?sslrootcert=system', 'ledger.ca'],
    ['postgresql://db.example/ledger?sslcert=x&sslkey=y', 'ledger.clientCertificate'],
    [`postgresql://db.example/ledger?password=${PASSWORD}`, 'ledger.password'],
    ['postgresql://db.example/ledger?application_name=x', 'after the name of the database'],
    ['postgresql://db.example/ledger#x', 'after the name of the database'],
    ['postgresql://db.example/', 'postgresql://HOST:PORT/DATABASE'],
    ['postgresql:///ledger', 'postgresql://HOST:PORT/DATABASE'],
    ['postgresql://db.example/a/b', 'postgresql://HOST:PORT/DATABASE'],
    ['postgresql://db.example:x/ledger', 'postgresql://HOST:PORT/DATABASE'],
    ['mysql://db.example/ledger', 'postgresql://HOST:PORT/DATABASE'],
    [PASSWORD, 'postgresql://HOST:PORT/DATABASE'],
  ])('%s is refused with what to use, and not repeated', (text, remedy) => {
    const refusal = (): unknown => {
      try {
        return readAddress(text)
      } catch (error) {
        return error
      }
    }
    expect(refusal()).toMatchObject({ code: 'ledger.address', remedy: expect.stringContaining(remedy) })
    expect(String((refusal() as Error).message)).not.toMatch(/horse|example/)
  })
})
