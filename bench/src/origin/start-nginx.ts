import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface NginxOptions {
  readonly program: string
  /** Gets its configuration, logs and `www`, the files that are served. */
  readonly folder: string
  /** Of a certificate for `localhost`; null without TLS. */
  readonly tls: { readonly certificate: string; readonly key: string } | null
}

export interface Nginx {
  /** Where the files are. */
  readonly www: string
  readonly plain: URL
  /** The same, with every answer written to `accessLog`. */
  readonly logged: URL
  /** TLS 1.3; null without a certificate. */
  readonly tls: URL | null
  /** One line for each answer: epoch seconds of its end, seconds it took, bytes of its body. */
  readonly accessLog: string
  close(): Promise<void>
}

const START_TRIES = 100
const START_PAUSE_MS = 50

/** Starts nginx on ports of its own: files by sendfile, no validators, as the Hub's CDN has none. */
export async function startNginx({ program, folder, tls }: NginxOptions): Promise<Nginx> {
  const www = join(folder, 'www')
  await mkdir(www, { recursive: true })
  const ports = { plain: await freePort(), logged: await freePort(), tls: await freePort() }
  const configuration = join(folder, 'nginx.conf')
  const addresses = (await lookup('localhost', { all: true })).map(({ address }) => address)
  await writeFile(configuration, configurationOf({ folder, www, ports, addresses, tls }))
  const errorLog = join(folder, 'error.log')
  const child = spawn(program, ['-p', folder, '-c', configuration, '-e', errorLog], {
    stdio: 'ignore',
    env: {},
  })
  const ended = once(child, 'close')
  for (let tries = 0; !(await answers(ports.plain)); tries++) {
    if (child.exitCode !== null || tries === START_TRIES) {
      child.kill()
      throw new Error(`nginx does not start: ${await readFile(errorLog, 'utf8')}`)
    }
    await delay(START_PAUSE_MS)
  }
  return {
    www,
    // Another host name than the fake Hub's, whose own client then knows that it left the Hub.
    plain: new URL(`http://localhost:${ports.plain}`),
    logged: new URL(`http://localhost:${ports.logged}`),
    tls: tls === null ? null : new URL(`https://localhost:${ports.tls}`),
    accessLog: join(folder, 'access.log'),
    async close() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

interface Layout {
  readonly folder: string
  readonly www: string
  readonly ports: Readonly<Record<'plain' | 'logged' | 'tls', number>>
  /** All that `localhost` stands for. */
  readonly addresses: readonly string[]
  readonly tls: NginxOptions['tls']
}

function configurationOf({ folder, www, ports, addresses, tls }: Layout): string {
  const listen = (port: number, options = ''): string =>
    addresses
      .map((address) => (address.includes(':') ? `[${address}]` : address))
      .map((host) => `listen ${host}:${port}${options};`)
      .join(' ')
  // Its workers would give up the rights of root, and could not read a folder of root's.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n  ')
  const secure =
    tls === null
      ? ''
      : `server {
    ${listen(ports.tls, ' ssl')}
    ssl_certificate ${tls.certificate};
    ssl_certificate_key ${tls.key};
    ssl_protocols TLSv1.3;
  }`
  return `${user}
daemon off;
worker_processes auto;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  ${temporary}
  default_type application/octet-stream;
  root ${www};
  sendfile on;
  tcp_nopush on;
  etag off;
  keepalive_requests 1000000;
  access_log off;
  log_format timing '$msec $request_time $body_bytes_sent';
  server { ${listen(ports.plain)} }
  server { ${listen(ports.logged)} access_log ${folder}/access.log timing; }
  ${secure}
}
`
}

/** A port that nobody listens on; somebody may take it before we do. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('a port was asked for')
  return address.port
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1')
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
