import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'

/** In a mount namespace of its own, so that nobody else sees the other boot. */
const SCRIPT = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'

/** Makes the machine look as if it had just booted. */
export interface OtherBoot {
  /** What a program and its arguments are put behind to run in this boot (Linux, root). */
  readonly prefix: readonly string[]
  /** What is started from now on finds a new boot. */
  next(): Promise<void>
}

/** A power cut of one file system leaves the machine up; this is the rest of the illusion. */
export async function openOtherBoot(file: string): Promise<OtherBoot> {
  const next = (): Promise<void> => writeFile(file, `${randomUUID()}\n`)
  await next()
  return { prefix: ['unshare', '--mount', 'sh', '-c', SCRIPT, file], next }
}
