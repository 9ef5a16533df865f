const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** A bar of exactly `width` columns; empty of null. Full only at 100. */
export function renderBar(percent: number | null, width: number): string {
  const eighths = Math.floor((Math.min(100, Math.max(0, percent ?? 0)) / 100) * width * 8)
  const bar = '█'.repeat(Math.floor(eighths / 8)) + (PARTS[eighths % 8] ?? '')
  return bar + '░'.repeat(width - bar.length)
}
