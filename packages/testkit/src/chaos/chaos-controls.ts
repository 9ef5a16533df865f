import type { ConnectionRule } from '../faults/connection-rules.ts'
import type { FaultHandle, FaultRule } from '../faults/fault-rule.ts'
import type { LoggedRequest } from '../faults/request-log.ts'
import type { ChaosFileSettings } from './chaos-file.ts'
import type { ChaosFile } from './file-table.ts'
import type { TlsSettings } from './tls-switch.ts'

/** What may be done to an origin, from its own program and through its control interface. */
export interface ChaosControls {
  /** Every request, in the order of arrival; entries change while answered. */
  readonly log: readonly LoggedRequest[]
  clearLog(): void
  /** No signed address that was given out so far is accepted any more. */
  expireLinks(): void
  /** How the file is served from now on; its count of requests starts again. */
  serve(file: ChaosFile, settings: ChaosFileSettings): void
  /** Adds a rule after those that exist; the first that applies to a request counts. */
  fault(rule: FaultRule): FaultHandle
  /** The same for connections, before anything is read from them. */
  faultConnections(rule: ConnectionRule): FaultHandle
  clearFaults(): void
  /** What the next TLS connections meet. */
  useTls(settings: TlsSettings): void
  /** As it was at the start: no rules, no settings, an empty log, the good certificate. */
  reset(): void
}
