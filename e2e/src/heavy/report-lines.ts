import type { Proof } from './proof.ts'

/** A proof for people: what was measured, and whether every promise held. */
export function reportLines({ figures, broken }: Proof): readonly string[] {
  return [
    ...Object.entries(figures).map(([name, value]) => `${name}: ${value}`),
    ...broken.map((promise) => `BROKEN: ${promise}`),
    broken.length === 0 ? 'every promise held' : `${broken.length} promises are broken`,
  ]
}
