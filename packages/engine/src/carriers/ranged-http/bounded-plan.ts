import type { Segment, SegmentPlan } from './segment-plan.ts'

/** What a body needs of a plan. */
export type BodyPlan = Pick<SegmentPlan, 'arrived' | 'extend'>

/** The plan of a file whose size nobody told, which calls back when a body goes beyond the limit. */
export function boundedPlan(plan: BodyPlan, limitBytes: number, onBeyond: () => void): BodyPlan {
  return {
    arrived(segment: Segment, bytes: number) {
      plan.arrived(segment, bytes)
      if (segment.position > limitBytes) onBeyond()
    },
    extend: (segment) => plan.extend(segment),
  }
}
