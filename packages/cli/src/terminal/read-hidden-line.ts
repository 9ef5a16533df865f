import type { ReadStream } from 'node:tty'

const ENTER = /[\r\n]/
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const BACKSPACES = ['\u0008', '\u007f']

/**
 * Reads one line from a terminal without showing it; empty when the input ends.
 * `interrupt` is called at Ctrl-C, which the terminal does not turn into a signal meanwhile.
 */
export function readHiddenLine(
  input: Pick<ReadStream, 'setRawMode' | 'resume' | 'pause' | 'on' | 'off' | 'setEncoding'>,
  interrupt: () => void,
): Promise<string> {
  let line = ''
  return new Promise((resolve) => {
    const end = (text: string): void => {
      input.off('data', take)
      input.off('end', ended)
      input.setRawMode(false)
      input.pause()
      resolve(text)
    }
    const ended = (): void => end('')
    const take = (piece: string): void => {
      for (const key of piece) {
        if (ENTER.test(key) || key === CTRL_C || key === CTRL_D) {
          end(ENTER.test(key) ? line : '')
          if (key === CTRL_C) interrupt()
          return
        }
        line = BACKSPACES.includes(key) ? line.slice(0, -1) : line + key
      }
    }
    input.setEncoding('utf8')
    input.setRawMode(true)
    input.on('data', take)
    input.on('end', ended)
    input.resume()
  })
}
