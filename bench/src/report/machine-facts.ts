import { statfs } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

/** What the figures depend on besides the programs. */
export interface MachineFacts {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  /** Type of the file system that is written to, as a number of statfs(2) in hexadecimal. */
  readonly fileSystem: string
  /** Of the last minute, before anything ran: other work on the machine spoils the figures. */
  readonly load: number
}

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlay',
}

export async function readMachineFacts(folder: string): Promise<MachineFacts> {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    fileSystem: await fileSystemOf(folder),
    load: loadavg()[0] ?? Number.NaN,
  }
}

async function fileSystemOf(folder: string): Promise<string> {
  const { type: number } = await statfs(folder)
  return FILE_SYSTEMS[number] ?? `0x${number.toString(16)}`
}
