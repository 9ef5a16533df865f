import { closeSync, openSync } from 'node:fs'
import { classify } from '../errors/classify.ts'
import { HashThread } from './hash-thread.ts'

/** Starts a hashing thread while this process has no descriptor left, then again with some; prints how each ended. */
const [path = ''] = process.argv.slice(2)
const taken = takeAllDescriptors()
const starved = await digest()
for (const fd of taken) closeSync(fd)
process.stdout.write(JSON.stringify([starved, await digest()]))

function takeAllDescriptors(): readonly number[] {
  const fds: number[] = []
  for (;;) {
    try {
      fds.push(openSync('/dev/null', 'r'))
    } catch {
      return fds // there is none left, as it should be
    }
  }
}

async function digest(): Promise<string> {
  const thread = new HashThread()
  thread.send({ type: 'open', id: 1, path, algorithm: 'sha256', sizeBytes: 3 })
  try {
    return await thread.finish(1, 3)
  } catch (error) {
    return classify(error).code
  } finally {
    await thread.close()
  }
}
