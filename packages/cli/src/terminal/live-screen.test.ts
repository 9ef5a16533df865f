import { expect, it } from 'vitest'
import { keptOutput } from '../testing/fake-host.ts'
import { LiveScreen } from './live-screen.ts'

function openScreen(columns = 80) {
  const exits = new Set<() => void>()
  const size = { columns }
  const stderr = { ...keptOutput({ isTerminal: true }), columns: () => size.columns }
  const onExit = (restore: () => void) => {
    exits.add(restore)
    return () => exits.delete(restore)
  }
  return { screen: new LiveScreen({ stderr, onExit }), stderr, exits, size }
}

it('gives the cursor back when it closes, and when the process ends without that', () => {
  const closed = openScreen()
  closed.screen.close()
  expect(closed.stderr.text()).toMatch(/\[\?25h$/)
  expect(closed.exits.size).toBe(0)

  const killed = openScreen()
  for (const restore of killed.exits) restore()
  expect(killed.stderr.text()).toMatch(/\[\?25h$/)
})

it('draws each picture over the last one', () => {
  const { screen, stderr } = openScreen()
  screen.draw(['one', 'two'])
  screen.draw(['three'])
  expect(stderr.text()).toContain('two\u001b[K\n\u001b[J\r\u001b[2Athree')
})

it('finds the top of its picture after the window was made narrower', () => {
  const { screen, size, stderr } = openScreen(80)
  screen.draw(['x'.repeat(79)])
  size.columns = 40
  screen.draw(['y'])
  expect(stderr.text()).toContain('\r\u001b[2Ay')
})

it('writes lasting lines above the picture', () => {
  const { screen, stderr } = openScreen()
  screen.draw(['picture'])
  screen.print('notice')
  screen.draw(['picture'])
  expect(stderr.text()).toContain('\r\u001b[1A\u001b[Jnotice\n\rpicture')
})
