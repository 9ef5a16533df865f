/**
 * Lets at most `count` tasks run at once, the others in the order they came. File work
 * shares four threads in a Node process: a few slow syncs must not take them all.
 */
export function createTurns(count: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (task) => {
    if (running >= count) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
