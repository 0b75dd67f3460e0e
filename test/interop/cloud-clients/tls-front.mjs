// TLS before a double that speaks plain HTTP on loopback: sdkms-cli talks to https:// alone. Arguments: port of the double, PEM file with
// certificate and key. Prints its own port.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createServer } from 'node:tls'

const [port, pemFile = ''] = process.argv.slice(2)
const pem = readFileSync(pemFile)
const server = createServer({ key: pem, cert: pem }, (client) => {
  const double = connect(Number(port), '127.0.0.1')
  client.on('error', () => double.destroy()).on('close', () => double.destroy())
  double.on('error', () => client.destroy())
  client.pipe(double).pipe(client)
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
