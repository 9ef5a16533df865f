import type { BenchCase } from '../bench-case.ts'
import { againstAria2 } from './against-aria2.ts'
import { againstCurl } from './against-curl.ts'
import { againstPython } from './against-python.ts'
import { api } from './api.ts'
import { cappedConnections } from './capped-connections.ts'
import { cost } from './cost.ts'
import { eventLoop } from './event-loop.ts'
import { resume } from './resume.ts'
import { smallFiles } from './small-files.ts'
import { tls } from './tls.ts'

/** Every case, in the order in which they run. */
export const ALL_CASES: readonly BenchCase[] = [
  againstCurl,
  againstAria2,
  againstPython,
  cost,
  cappedConnections,
  smallFiles,
  tls,
  resume,
  eventLoop,
  api,
]
