/** The usual points of a set of measurements, in words: `p50 1 ms, p90 2 ms, p99 3 ms, most 4 ms`. */
export function distribution(values: readonly number[], unit: string): string {
  if (values.length === 0) return 'nothing measured'
  const points = [
    ...[50, 90, 99].map((percent): [string, number] => [
      `p${percent}`,
      percentile(values, percent),
    ]),
    ['most', Math.max(...values)] as const,
  ]
  return points.map(([name, value]) => `${name} ${Math.round(value)} ${unit}`).join(', ')
}

/** The smallest value that at least so many percent of the values do not exceed; 0 of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0
}

/** Change of `value` per unit of `at`, by least squares; 0 of fewer than two points. */
export function slope(points: readonly { readonly at: number; readonly value: number }[]): number {
  const mean = (of: (point: { at: number; value: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const middle = { at: mean(({ at }) => at), value: mean(({ value }) => value) }
  let over = 0
  let under = 0
  for (const { at, value } of points) {
    over += (at - middle.at) * (value - middle.value)
    under += (at - middle.at) ** 2
  }
  return under === 0 ? 0 : over / under
}
