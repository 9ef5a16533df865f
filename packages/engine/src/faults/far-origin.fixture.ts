import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A chaos origin behind a network interface that can be taken down. */
export interface FarOrigin extends AsyncDisposable {
  readonly url: string
  /** `PUT`s a list to the origin's control interface. */
  control(command: 'rules', list: readonly object[]): Promise<void>
  /** What the origin was asked. */
  log(): Promise<readonly { range?: string; bytesSent: number; method: string }[]>
  setLink(state: 'up' | 'down'): void
}

const HERE = '10.213.7.1'
const THERE = '10.213.7.2'

/**
 * Starts an origin in a network namespace of its own, with a pair of virtual interfaces
 * between it and us.
 *
 * @returns a reason why this machine cannot do that, in place of the origin
 */
export async function startFarOrigin(): Promise<FarOrigin | string> {
  if (process.getuid?.() !== 0) return 'only root can make a network'
  const space = `windlass-${process.pid}`
  const [near, far] = [`wl-n${process.pid}`, `wl-f${process.pid}`]
  const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' })
  const remove = (): void => ip('netns', 'delete', space)
  try {
    ip('netns', 'add', space)
  } catch (error) {
    return `no network can be made here (${error instanceof Error ? error.message : error})`
  }
  try {
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', space)
    ip('address', 'add', `${HERE}/30`, 'dev', near)
    ip('link', 'set', near, 'up')
    ip('-n', space, 'address', 'add', `${THERE}/30`, 'dev', far)
    for (const device of ['lo', far]) ip('-n', space, 'link', 'set', device, 'up')
    const { url, stop } = await startProgram(space)
    return {
      url,
      async control(command, list) {
        const body = JSON.stringify(list)
        await (await fetch(`${url}/__ctl/${command}`, { method: 'PUT', body })).text()
      },
      log: async () => JSON.parse(await (await fetch(`${url}/__ctl/log`)).text()),
      setLink: (state) => ip('link', 'set', near, state),
      async [Symbol.asyncDispose]() {
        await stop()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

async function startProgram(space: string) {
  const main = new URL('./chaos-origin-main.ts', import.meta.resolve('@windlass/testkit')).pathname
  const node = [process.execPath, '--conditions=windlass-source', main, '--host', THERE]
  const child = spawn('ip', ['netns', 'exec', space, ...node])
  const exited = once(child, 'exit')
  const [first] = await once(child.stdout.setEncoding('utf8'), 'data')
  const [url = ''] = String(first).split('\n')
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
  }
  return { url, stop }
}
