import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { startChaosOrigin } from './chaos/chaos-origin.ts'

const HELP = `
Files of any size, each byte unlike its neighbours:  /f/<seed>/<size>[/<name>]
The same by a redirect to a signed address:          /l/<seed>/<size>[/<name>]
  curl -sX PUT URL/__ctl/rules -d '[{"match":{"nth":1},"do":{"cutAt":1000000}}]'
  curl -sX PUT URL/__ctl/file  -d '{"path":"/f/a/1000000","settings":{"etag":"weak","ifRange":"ignored"}}'
  curl -sX PUT URL/__ctl/connections -d '[{"times":2,"do":"reset"}]'
  curl -sX PUT URL/__ctl/tls   -d '{"certificate":"expired"}'
  curl -s URL/__ctl/log;  curl -s 'URL/__ctl/sha?seed=a&size=1000000'
  curl -sX POST URL/__ctl/reset;  curl -sX POST URL/__ctl/expire-links
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '0' },
      'tls-port': { type: 'string', default: '0' },
      'ca-file': { type: 'string' },
    },
  })
  const tlsPort = Number(values['tls-port'])
  const { host } = values
  const origin = await startChaosOrigin({ host, port: Number(values.port), tlsPort })
  const caFile = values['ca-file']
  if (caFile !== undefined) await writeFile(caFile, origin.ca)
  process.stdout.write(`${origin.url}\n${origin.otherUrl}\n${origin.tlsUrl}\n`)
  process.stdout.write(HELP.replaceAll('URL', origin.url))
  process.once('SIGINT', () => void origin.close())
  process.once('SIGTERM', () => void origin.close())
}

await main()
