const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** `5.6 GB`, in powers of ten as the Hub shows them. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // 999.5 would round to 1000 of the smaller unit.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS.at(unit) ?? ''}`
}

/** `1.9 of 5.6 GB`, or only what is known. */
export function formatBytesOf(bytes: number, total: number | null): string {
  if (total === null) return formatBytes(bytes)
  const whole = formatBytes(total)
  const part = formatBytes(bytes)
  const unit = whole.slice(whole.indexOf(' '))
  return part.endsWith(unit) ? `${part.slice(0, -unit.length)} of ${whole}` : `${part} of ${whole}`
}

export function formatSpeed(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`
}

/** `45 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`
  const hours = Math.floor(minutes / 60)
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Rounded down: 100 % is said only of what is all there. */
export function formatPercent(percent: number | null): string {
  return percent === null ? '' : `${Math.floor(percent)} %`
}

/** `1 file`, `26 files`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
