import { downloadIdOf, isOver, type WindlassEvent } from '@windlass/contract'
import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { createReporterLog } from '../command-log.ts'
import type { Connection } from '../connection.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { type FollowOutcome, followEvents } from '../follow-events.ts'
import { listEverything } from '../list-everything.ts'
import { ownerLost } from '../owner-lost.ts'
import { exitCodeOfItem } from '../pull/pull-item.ts'
import { ProgressModel } from '../render/progress-model.ts'
import { createReporter } from '../reporters/create-reporter.ts'
import type { Reporter } from '../reporters/reporter.ts'
import { findDownload } from '../select-downloads.ts'

const LOOK_AGAIN_MS = 1000
const ALONE = 'No Windlass is running on this home; waiting for one. Ctrl-C ends.'

const EXAMPLES = `
Examples:
  windlass watch                all of them, until Ctrl-C
  windlass watch 7k2m9          until it is complete, or rests; exit code as that of pull
`

export function watchCommand(context: CommandContext): Command {
  return new Command('watch')
    .summary('follow downloads live')
    .description(
      'Follows one download until it settles, or all of them until Ctrl-C. Watching changes nothing.',
    )
    .argument('[id]', 'id, or the unique beginning of one')
    .option('--json', 'one JSON object per line on stdout')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, flags: { readonly json?: boolean }) => {
      const model = new ProgressModel()
      const reporter = createReporter(context.host, model, flags)
      const watch = new Watch({ context, id, model, reporter })
      const forget = context.host.onSignal((signal) => watch.stop(signal))
      try {
        context.finish(await watch.run())
      } finally {
        forget()
        reporter.close()
      }
    })
}

interface WatchOptions {
  readonly context: CommandContext
  readonly id: string | undefined
  readonly model: ProgressModel
  readonly reporter: Reporter
}

class Watch {
  readonly #options: WatchOptions
  readonly #stop = new AbortController()
  #id: string | undefined
  #lastSeq: number | undefined
  #aloneNote: string | null = ALONE

  constructor(options: WatchOptions) {
    this.#options = options
  }

  stop(signal: string): void {
    this.#stop.abort(new Error(`received ${signal}`))
  }

  async run(): Promise<ExitCode> {
    const { context, reporter } = this.#options
    const connector = context.connector(context.settings(), createReporterLog(reporter))
    while (!this.#stop.signal.aborted) {
      const connection = await connector.toOwner()
      if (connection === null) {
        await this.#waitForOwner()
        continue
      }
      try {
        const outcome = await this.#follow(connection)
        if (outcome === 'done') return this.#exitCode()
      } finally {
        await connection.close()
      }
    }
    return EXIT_CODES.done
  }

  async #follow(connection: Connection): Promise<FollowOutcome> {
    try {
      return await followEvents({
        client: connection.client,
        lastSeq: this.#lastSeq,
        waitForServer: connection.role === 'remote',
        onLost: () => this.#options.reporter.note('The server does not answer; trying again.'),
        signal: this.#stop.signal,
        onConnected: () => this.#readAll(connection),
        onEvent: (event) => this.#take(connection, event),
        isDone: async () => this.#isDone(),
      })
    } catch (error) {
      if (connection.role === 'guest' && ownerLost(error)) return 'owner-lost'
      throw error
    }
  }

  async #readAll({ client }: Connection): Promise<void> {
    const { id, model } = this.#options
    if (id !== undefined) {
      this.#id ??= (await findDownload(client, id)).id
      model.put(await client.find(this.#id))
      return
    }
    for (const download of await listEverything(client)) {
      if (!isOver(download)) model.put(await client.find(download.id))
    }
  }

  async #take(connection: Connection, event: WindlassEvent): Promise<void> {
    const { model, reporter } = this.#options
    if (event.type === 'resync') {
      this.#lastSeq = event.data.seq
      await this.#readAll(connection)
      return
    }
    this.#lastSeq = event.seq ?? this.#lastSeq
    const id = downloadIdOf(event)
    if (id === null || (this.#id !== undefined && this.#id !== id)) return
    if (event.type === 'download.created') model.put(event.data.download)
    if (event.type === 'download.state-changed') model.put(event.data.download)
    if (event.type === 'download.moved') model.put(event.data.download)
    model.apply(event)
    if (event.type === 'download.resolved') model.put(await connection.client.find(id))
    reporter.event(event)
  }

  #isDone(): boolean {
    if (this.#id === undefined) return false
    const download = this.#options.model.find(this.#id)
    return download === undefined || isOver(download)
  }

  #exitCode(): ExitCode {
    const download = this.#id === undefined ? undefined : this.#options.model.find(this.#id)
    if (download?.state === 'paused') return EXIT_CODES.done
    return exitCodeOfItem({ request: { ref: this.#id ?? '' } }, download)
  }

  async #waitForOwner(): Promise<void> {
    const { context, reporter } = this.#options
    if (this.#aloneNote !== null) reporter.note(this.#aloneNote)
    this.#aloneNote = null
    try {
      await context.host.clock.sleep(LOOK_AGAIN_MS, { signal: this.#stop.signal })
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error
    }
  }
}
