const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB']

/** Bytes for people, in powers of 1000 as the Hub and its client print them: `519 B`, `4.0 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // 999.95 already prints as 1000.0.
  while (Math.abs(value) >= (unit === 0 ? 1000 : 999.95) && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? ''}`
}
