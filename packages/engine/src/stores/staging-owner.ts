/** Whose unfinished bytes a staging folder holds: one home on one machine. */
export interface StagingOwner {
  /** Made by chance once for a home. */
  readonly homeId: string
  /** Absolute, links resolved: a home that was copied with its id is another one. */
  readonly home: string
}

export function isSameOwner(one: StagingOwner, other: StagingOwner): boolean {
  return one.homeId === other.homeId && one.home === other.home
}
