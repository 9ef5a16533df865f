import { execFile } from 'node:child_process'
import { mkdir, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { TempDir } from '@windlass/testkit'
import { until } from '../support/until.ts'
import { armPowerSwitch } from './power-switch.ts'

const run = promisify(execFile)
const SIZE_BYTES = 4 * 1024 ** 3
/**
 * No help from the file system: by itself it would write its journal every 5 s, and the content of
 * a file that replaces another.
 */
const MOUNT_OPTIONS = 'loop,noauto_da_alloc,commit=300'
const PROGRAMS = ['mkfs.ext4', 'mount', 'umount', 'losetup', 'unshare', 'python3']

/** A file system of its own whose power can be cut. */
export interface Ext4Volume extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string
  /** From the moment this resolves nothing reaches the disk any more, and what was not synced never did. */
  cut(): Promise<void>
  /** Mounts it again, after a cut and when nobody has a file open any more. */
  restore(): Promise<void>
}

/** Why there can be no such volume here; null when there can. */
export async function volumeObstacle(): Promise<string | null> {
  if (process.platform !== 'linux') return 'cutting the power needs Linux'
  if (process.getuid?.() !== 0) return 'cutting the power needs root, to mount a file system'
  for (const program of PROGRAMS) {
    if (!(await succeeds('sh', ['-c', `command -v ${program}`]))) {
      return `cutting the power needs ${program}`
    }
  }
  return (await succeeds('losetup', ['--find'])) ? null : 'cutting the power needs loop devices'
}

/** Makes an ext4 file system in a file of `dir` and mounts it; unmounts it when disposed of. */
export async function openExt4Volume(dir: TempDir): Promise<Ext4Volume> {
  const image = dir.join('volume.img')
  const path = dir.join('volume')
  await makeImage(image)
  await mkdir(path)
  const mount = async (): Promise<void> => {
    await run('mount', ['-t', 'ext4', '-o', MOUNT_OPTIONS, image, path])
  }
  await mount()
  let powerSwitch = await armPowerSwitch(path)
  const unmount = async (): Promise<void> => {
    await powerSwitch.release()
    await run('umount', [path])
    // A process that was given mounts of its own meanwhile keeps the file system in its old state.
    await until(async () => (await run('losetup', ['--associated', image])).stdout === '', {
      what: 'nobody has the volume mounted any more',
      timeoutMs: 60_000,
    })
  }
  return {
    path,
    cut: () => powerSwitch.press(),
    async restore() {
      await unmount()
      await mount()
      powerSwitch = await armPowerSwitch(path)
    },
    [Symbol.asyncDispose]: unmount,
  }
}

async function makeImage(image: string): Promise<void> {
  const handle = await open(image, 'wx')
  await handle.truncate(SIZE_BYTES)
  await handle.close()
  await run('mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=1', image])
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(program, args)
    return true
  } catch {
    // Whatever the reason, it cannot be used.
    return false
  }
}
