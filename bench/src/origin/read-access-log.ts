import { readFile } from 'node:fs/promises'

/** One answer of nginx. */
export interface Access {
  /** When the request had come, epoch milliseconds. */
  readonly startedAt: number
  readonly bodyBytes: number
}

/** The answers that were sent since `since`, epoch milliseconds, in the order of their requests. */
export async function readAccessLog(file: string, since: number): Promise<readonly Access[]> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  return lines
    .map((line) => {
      const [ended = Number.NaN, took = Number.NaN, bodyBytes = Number.NaN] = line
        .split(' ')
        .map(Number)
      return { startedAt: (ended - took) * 1000, bodyBytes }
    })
    .filter(({ startedAt }) => startedAt >= since)
    .sort((a, b) => a.startedAt - b.startedAt)
}
