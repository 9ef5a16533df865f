const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Script=Bopomofo}|[\u3000-\u303e\u3200-\u33ff\uff01-\uff60\uffe0-\uffe6])/u
const EMOJI_STYLE = /\ufe0f/u
const NO_WIDTH = /^[\p{Mark}\p{Cf}]+$/u
const PLAIN = /^[\x20-\x7e]*$/u
const ELLIPSIS = '…'

/** Columns that `text` takes on a terminal; it must be {@link printable} already. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment)
  return width
}

/** Cuts `text` to at most `width` columns, out of its middle: the end of a file name tells files apart. */
export function cutMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  if (width <= 1) return width === 1 ? ELLIPSIS : ''
  const graphemes = [...segmenter.segment(text)].map(({ segment }) => segment)
  const tail = take(graphemes.toReversed(), Math.ceil((width - 1) * 0.6)).toReversed()
  const head = take(graphemes, width - 1 - displayWidth(tail.join('')))
  return head.join('') + ELLIPSIS + tail.join('')
}

/** Cuts a path to at most `width` columns: its folders go before the name does. */
export function cutPath(path: string, width: number): string {
  if (displayWidth(path) <= width) return path
  const name = path.slice(path.lastIndexOf('/') + 1)
  const inFolder = name === path ? name : `${ELLIPSIS}/${name}`
  if (displayWidth(inFolder) > width) return cutMiddle(name, width)
  // What room is left shows the beginning of the folders.
  const room = width - displayWidth(inFolder)
  return cutEnd(path, room + 1).slice(0, -1) + inFolder
}

/** Cuts `text` to at most `width` columns, at its end. */
export function cutEnd(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  if (width < 1) return ''
  const graphemes = [...segmenter.segment(text)].map(({ segment }) => segment)
  return take(graphemes, width - 1).join('') + ELLIPSIS
}

/** Fills `text` with spaces to `width` columns; negative fills on the left. Never cuts. */
export function pad(text: string, width: number): string {
  const gap = ' '.repeat(Math.max(0, Math.abs(width) - displayWidth(text)))
  return width < 0 ? gap + text : text + gap
}

function take(graphemes: readonly string[], width: number): string[] {
  const taken: string[] = []
  let used = 0
  for (const grapheme of graphemes) {
    used += graphemeWidth(grapheme)
    if (used > width) break
    taken.push(grapheme)
  }
  return taken
}

function graphemeWidth(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0
  return WIDE.test(grapheme) || EMOJI_STYLE.test(grapheme) ? 2 : 1
}
