import { distribution, percentile, slope } from './distribution.ts'
import type { Findings } from './findings.ts'
import type { Proof } from './proof.ts'
import type { Footprint, InnerVitals } from './vitals.ts'

/** A running server as it was at one moment. */
export interface Sample extends Footprint {
  readonly atMs: number
}

/** The server when it holds no work. */
export type AtRest = Footprint & InnerVitals

/** The last life of the server, in which it was not killed. */
export interface QuietLife {
  readonly before: AtRest
  readonly after: AtRest
  /** What was seen in between. */
  readonly samples: readonly Sample[]
  readonly inner: readonly InnerVitals[]
}

const MIB = 1024 * 1024
const HOUR_MS = 3_600_000
/** From here on a slope says something; before it is noise. */
const SLOPE_NEEDS_MS = 15 * 60_000
const MOST_MIB_PER_HOUR = 5
/**
 * Two servers that keep an idle connection for two minutes, three downloads with four connections
 * to each of them and a few questions beside, the API: about thirty. One that is lost at each fault
 * is far beyond it in an hour.
 */
const MOST_IDLE_SOCKETS = 48
const MOST_LIVE_GROWTH_BYTES = 8 * MIB
/** The collector keeps pages for a while, so this one is coarse. */
const MOST_RESIDENT_GROWTH_BYTES = 48 * MIB

/** Compares both ends of the quiet life. */
export function soakFigures(life: QuietLife, findings: Findings): Proof['figures'] {
  const { before, after, samples, inner } = life
  requireFlat(life, findings)
  const spanMs = spanOf(samples)
  const told = (mibPerHour: number): string =>
    `${mibPerHour.toFixed(1)}${spanMs < SLOPE_NEEDS_MS ? ', which is noise' : ''}`
  return {
    'last life under load (s)': Math.round(spanMs / 1000),
    'resident at rest, before and after (MiB)': bothIn(before, after, 'residentBytes'),
    'resident under load (MiB)': distribution(
      samples.map(({ residentBytes }) => residentBytes / MIB),
      '',
    ),
    'resident slope under load (MiB/h)': told(mibPerHour(samples, 'residentBytes')),
    'in use after collection at rest, before and after (MiB)': bothIn(before, after, 'liveBytes'),
    'in use slope under load (MiB/h)': told(mibPerHour(inner, 'liveBytes')),
    'sockets at rest, before and after': `${before.sockets} / ${after.sockets}`,
    'other descriptors at rest, before and after': `${before.files} / ${after.files}`,
    'all descriptors under load': distribution(
      samples.map(({ sockets, files }) => sockets + files),
      '',
    ),
    'threads, before and after': `${before.threads} / ${after.threads}`,
    'event loop late, p99 of the middle and of the worst 5 s (ms)': lateness(inner),
  }
}

function requireFlat({ before, after, samples }: QuietLife, findings: Findings): void {
  const files = after.files - before.files
  findings.require(files <= 0, `no file stays open: ${files} do`)
  findings.require(
    after.sockets <= MOST_IDLE_SOCKETS,
    `no socket is kept but for the next request: ${after.sockets} are`,
  )
  const live = after.liveBytes - before.liveBytes
  findings.require(live <= MOST_LIVE_GROWTH_BYTES, `memory in use is flat: ${inMib(live)} MiB more`)
  const resident = after.residentBytes - before.residentBytes
  findings.require(
    resident <= MOST_RESIDENT_GROWTH_BYTES,
    `resident memory is flat: ${inMib(resident)} MiB more`,
  )
  if (spanOf(samples) < SLOPE_NEEDS_MS) return
  const perHour = mibPerHour(samples, 'residentBytes')
  findings.require(
    perHour < MOST_MIB_PER_HOUR,
    `resident memory grows by less than ${MOST_MIB_PER_HOUR} MiB an hour: ${perHour.toFixed(1)}`,
  )
}

function mibPerHour<K extends string>(
  points: readonly ({ readonly atMs: number } & Readonly<Record<K, number>>)[],
  key: K,
): number {
  return (slope(points.map((point) => ({ at: point.atMs, value: point[key] }))) * HOUR_MS) / MIB
}

function spanOf(samples: readonly Sample[]): number {
  return (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)
}

function lateness(inner: readonly InnerVitals[]): string {
  const p99s = inner.map(({ delayP99Ms }) => delayP99Ms)
  return `${percentile(p99s, 50).toFixed(1)} / ${Math.max(0, ...p99s).toFixed(1)}`
}

function bothIn(before: AtRest, after: AtRest, key: 'residentBytes' | 'liveBytes'): string {
  return `${inMib(before[key])} / ${inMib(after[key])}`
}

function inMib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}
