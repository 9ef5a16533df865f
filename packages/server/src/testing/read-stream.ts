import assert from 'node:assert/strict'
import { parseEvent, type WindlassEvent } from '@windlass/contract'

/** A reader of an event stream over a real connection. */
export interface StreamReader {
  readonly status: number
  /** Waits until the text so far satisfies the test; fails when the stream ends before. */
  until(done: (text: string) => boolean): Promise<string>
  /** Waits for that many events and returns all so far. */
  events(count: number): Promise<WindlassEvent[]>
  /** Drops the text so far. */
  forget(): void
  /** Waits until the server ends the stream. */
  ended(): Promise<void>
  leave(): void
}

/** Opens an event stream. */
export async function readStream(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<StreamReader> {
  const leaving = new AbortController()
  const answer = await fetch(url, { headers, signal: leaving.signal })
  assert(answer.body)
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const more = async (): Promise<boolean> => {
    const { done, value } = await reader.read()
    text += value ?? ''
    return !done
  }
  const until = async (done: (soFar: string) => boolean): Promise<string> => {
    while (!done(text)) assert(await more(), `the stream ended after ${JSON.stringify(text)}`)
    return text
  }
  return {
    status: answer.status,
    until,
    async events(count) {
      return eventsIn(await until((soFar) => eventsIn(soFar).length >= count))
    },
    forget() {
      text = ''
    },
    async ended() {
      while (await more());
    },
    leave: () => leaving.abort(),
  }
}

/** The events of whole messages; written for tests, from the text as it is. */
export function eventsIn(text: string): WindlassEvent[] {
  const whole = text.split('\n\n').slice(0, -1)
  return whole.flatMap((message) => {
    const data = message.split('\n').find((line) => line.startsWith('data: '))
    return data === undefined ? [] : [parseEvent(JSON.parse(data.slice(6)))]
  })
}
