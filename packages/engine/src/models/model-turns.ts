import { KeyedMutex } from '../downloads/keyed-mutex.ts'
import { type ModelId, repoName } from './model-name.ts'

type Repo = Pick<ModelId, 'repoType' | 'repoId'>

/** Who may work in the cache at the same time as whom. */
export class ModelTurns {
  readonly #mutex = new KeyedMutex()
  readonly #mended = new Set<string>()
  readonly #running = new Set<Promise<unknown>>()

  /** Equal requests to start something follow one another, so that only one of them starts it. */
  start<T>(model: ModelId, body: () => Promise<T>): Promise<T> {
    return this.#noted(this.#mutex.run(`start ${repoName(model)}@${model.revision}`, body))
  }

  /** One change of the cache at a time: what one leaves half-done is not for another to finish. */
  change<T>(body: () => Promise<T>): Promise<T> {
    return this.#noted(this.#mutex.run('change', body))
  }

  check<T>(body: () => Promise<T>): Promise<T> {
    return this.#noted(body())
  }

  /** One repair at a time in a repository; what it sets aside is kept meanwhile. */
  repair<T>(repo: Repo, body: () => Promise<T>): Promise<T> {
    const name = repoName(repo)
    const marked = async (): Promise<T> => {
      this.#mended.add(name)
      try {
        return await body()
      } finally {
        this.#mended.delete(name)
      }
    }
    return this.#noted(this.#mutex.run(`repair ${name}`, marked))
  }

  isMended(repo: Repo): boolean {
    return this.#mended.has(repoName(repo))
  }

  /** Resolves when nobody is at work any more. */
  async over(): Promise<void> {
    await Promise.allSettled([...this.#running])
  }

  #noted<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work)
    const forget = (): void => void this.#running.delete(work)
    work.then(forget, forget)
    return work
  }
}
