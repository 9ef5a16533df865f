import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { findTool, runProgram } from '@windlass/testkit'

/** Programs that are measured, or help to measure. */
export type ToolName = 'nginx' | 'curl' | 'aria2c' | 'openssl' | 'time' | 'python'

/** Where each of them is; what is not there is missing. */
export type Tools = Readonly<Partial<Record<ToolName, string>>>

const HOW_TO_GET: Readonly<Record<ToolName, string>> = {
  nginx: 'apt-get install nginx-light',
  curl: 'apt-get install curl',
  aria2c: 'apt-get install aria2',
  openssl: 'apt-get install openssl',
  time: 'apt-get install time',
  python: 'scripts/provision-outside.sh',
}
const NAMES = Object.keys(HOW_TO_GET) as readonly ToolName[]

/** Looks on the PATH, and in `/usr/sbin`, which is on the PATH of root alone. */
export function findTools(path: string): Tools {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), '/usr/sbin']
  const found: Partial<Record<ToolName, string>> = {}
  for (const name of NAMES) {
    const place =
      name === 'python'
        ? findTool('huggingface-hub-2')
        : folders.map((folder) => join(folder, name)).find(isExecutable)
    if (place !== undefined) found[name] = place
  }
  return found
}

/** Why a case cannot run here; null when it can. */
export function whatIsMissing(needed: readonly ToolName[], tools: Tools): string | null {
  const missing = needed.filter((name) => tools[name] === undefined)
  if (missing.length === 0) return null
  return missing.map((name) => `${name} is missing (${HOW_TO_GET[name]})`).join(', ')
}

/** @throws TypeError when the case did not say that it needs the tool */
export function toolPath(tools: Tools, name: ToolName): string {
  const path = tools[name]
  if (path === undefined) throw new TypeError(`the case uses ${name} without naming it`)
  return path
}

/** Debian's GNU time does not know its version. */
const VERSION_ARGS: Readonly<Partial<Record<ToolName, readonly string[]>>> = {
  nginx: ['-v'],
  curl: ['--version'],
  aria2c: ['--version'],
  openssl: ['version'],
  python: [
    '-c',
    `import sys
from importlib.metadata import version
names = ('huggingface_hub', 'hf_xet')
print('Python', sys.version.split()[0], *(f'{name} {version(name)}' for name in names))`,
  ],
}

/** What each tool says about its version, in one line. */
export async function toolVersions(tools: Tools): Promise<Record<string, string>> {
  const versions: Record<string, string> = {}
  for (const name of NAMES) {
    const path = tools[name]
    const args = VERSION_ARGS[name]
    if (path === undefined || args === undefined) continue
    const { exitCode, stdout, stderr } = await runProgram(path, { args })
    if (exitCode !== 0) {
      versions[name] = `${name} of an unknown version`
      continue
    }
    // The rest is a list of libraries, or the same in brackets.
    versions[name] = /^[^\n(]*/.exec(stdout.trim() || stderr.trim())?.[0].trim() ?? ''
  }
  return versions
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Whatever the reason, it cannot be run.
    return false
  }
}
