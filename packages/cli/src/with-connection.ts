import type { CommandContext } from './command-context.ts'
import type { Connection } from './connection.ts'

/**
 * Runs one short command over the API of the home, opened for it when nobody
 * serves it; no download runs because of that, unless `startDownloads` says so. SIGINT and
 * SIGTERM end the process.
 */
export async function withConnection<T>(
  context: CommandContext,
  body: (connection: Connection, signal: AbortSignal) => Promise<T>,
  { startDownloads = false }: { readonly startDownloads?: boolean } = {},
): Promise<T> {
  const stop = new AbortController()
  const forget = context.host.onSignal((signal) =>
    context.host.exit(signal === 'SIGINT' ? 130 : 143),
  )
  try {
    const connection = await context
      .connector(context.settings())
      .toOwnerOrSelf({ startDownloads, signal: stop.signal })
    try {
      return await body(connection, stop.signal)
    } finally {
      await connection.close()
    }
  } finally {
    forget()
  }
}
