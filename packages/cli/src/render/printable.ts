// C0, DEL, C1, line and paragraph separators, bidirectional controls, zero-width
// characters: what can move the cursor, recolour the terminal or turn a name around.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu

/** Text from outside, safe to show on a terminal in one line: each control character becomes U+FFFD. */
export function printable(text: string): string {
  return text.replace(UNSAFE, '\ufffd')
}
