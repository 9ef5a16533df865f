import { EventEmitter } from 'node:events'
import { expect, it, vi } from 'vitest'
import { readHiddenLine } from './read-hidden-line.ts'

/** A terminal that is typed on; it keeps whether it shows what is typed. */
class Keyboard extends EventEmitter {
  isRaw = false
  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw
    return this
  }
  setEncoding(): this {
    return this
  }
  resume(): this {
    return this
  }
  pause(): this {
    return this
  }
  // Only what is read of a terminal is there.
  asTerminal(): Parameters<typeof readHiddenLine>[0] {
    return this as unknown as Parameters<typeof readHiddenLine>[0]
  }
}

async function type(...pieces: string[]): Promise<{ line: string; interrupt: () => void }> {
  const keyboard = new Keyboard()
  const interrupt = vi.fn()
  const line = readHiddenLine(keyboard.asTerminal(), interrupt)
  expect(keyboard.isRaw).toBe(true)
  for (const piece of pieces) keyboard.emit('data', piece)
  keyboard.emit('end')
  const text = await line
  expect(keyboard.isRaw).toBe(false)
  expect(keyboard.listenerCount('data')).toBe(0)
  return { line: text, interrupt }
}

it('takes a line that is typed, pasted or corrected', async () => {
  expect((await type('h', 'f', '_', 'x', '\r')).line).toBe('hf_x')
  expect((await type('hf_pasted\nrest')).line).toBe('hf_pasted')
  expect((await type('hf_y\u007f\u0008x\r')).line).toBe('hfx')
})

it('is empty when the input ends before the line', async () => {
  expect((await type('half')).line).toBe('')
  expect((await type('half', '\u0004')).line).toBe('')
})

it('passes Ctrl-C on, with the terminal as it was', async () => {
  const { interrupt, line } = await type('half', '\u0003')
  expect(line).toBe('')
  expect(interrupt).toHaveBeenCalledOnce()
})
