export { type Digests, digestBytes, gitBlobSha1, sha256OfRandomBytes } from './bytes/digests.ts'
export { createRandomBytes, type RandomBytesSpec } from './bytes/random-bytes.ts'
export {
  bytesInMemory,
  readBytes,
  type VirtualBytes,
  withFlippedBit,
} from './bytes/virtual-bytes.ts'
export { type Blackhole, openBlackhole } from './chaos/blackhole.ts'
export type { ChaosFileSettings, ScheduledVersion } from './chaos/chaos-file.ts'
export { type ChaosOrigin, startChaosOrigin } from './chaos/chaos-origin.ts'
export { type ChaosProxy, type ProxyManner, startChaosProxy } from './chaos/chaos-proxy.ts'
export type { ChaosFile } from './chaos/file-table.ts'
export { createTlsSwitch, type TlsSettings, type TlsSwitch } from './chaos/tls-switch.ts'
export {
  type DnsAnswer,
  type DnsRecords,
  type DnsServer,
  startDnsServer,
} from './dns/dns-server.ts'
export type { ConnectionFault, ConnectionRule } from './faults/connection-rules.ts'
export type {
  FaultAction,
  FaultHandle,
  FaultMatch,
  FaultRule,
  WrongContentRange,
} from './faults/fault-rule.ts'
export { createFaultRules, type FaultRules } from './faults/fault-rules.ts'
export {
  type Listener,
  type ListenerOptions,
  type Route,
  startListener,
} from './faults/listener.ts'
export { fileReply, jsonReply, type Reply, type SeenRequest, textReply } from './faults/reply.ts'
export type { LoggedRequest, RequestEnd } from './faults/request-log.ts'
export { listTree, sha256File, treeHash } from './files/file-hashes.ts'
export { type TempDir, tempDir } from './files/temp-dir.ts'
export type { CdnObject } from './hub/cdn.ts'
export { type FakeHub, startFakeHub } from './hub/fake-hub.ts'
export type { FakeHubOptions, HubRepoRef } from './hub/fake-hub-options.ts'
export type { HubFileSpec } from './hub/hub-file.ts'
export { encodeHubPath, encodeHubSegment, type HubRepoType } from './hub/hub-path.ts'
export type { HubCommitSpec, HubRepoAccess, HubRepoSpec } from './hub/hub-repo.ts'
export { type ManualClock, manualClock } from './manual-clock.ts'
export {
  findTool,
  hubClientEnv,
  type OutsideTool,
  type RunOptions,
  type RunResult,
  requireTool,
  runProgram,
  runPython,
  type SkippableContext,
  xetClientEnv,
} from './outside-tools.ts'
export {
  type Certificate,
  type CertificateOptions,
  createCertificate,
} from './tls/create-certificate.ts'
export type { CertificateKind } from './tls/test-certificates.ts'
