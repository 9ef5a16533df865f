/** One step of a pattern: any run of characters, or one character that passes a test. */
type Step = 'any-run' | ((point: number) => boolean)

/**
 * Compiles a shell pattern as Python's `fnmatch.fnmatchcase` reads it, which is what
 * patterns mean on the Hub: case counts, `*` and `?` match `/` too, `[seq]` and `[!seq]`
 * are classes, and braces, `**` and backslashes have no meaning of their own.
 *
 * Patterns come from strangers, so no regular expression is built from them: the time
 * to match grows with pattern times text, never faster.
 */
export function compileFnmatch(pattern: string): (text: string) => boolean {
  const steps = readSteps(codePoints(pattern))
  return (text) => runSteps(steps, codePoints(text))
}

const STAR = codePoint('*')
const QUESTION = codePoint('?')
const OPEN = codePoint('[')
const CLOSE = codePoint(']')
const BANG = codePoint('!')
const HYPHEN = codePoint('-')

function readSteps(pattern: readonly number[]): Step[] {
  const steps: Step[] = []
  for (let at = 0; at < pattern.length; at++) {
    const point = pattern[at]
    if (point === STAR) steps.push('any-run')
    else if (point === QUESTION) steps.push(() => true)
    else {
      const end = point === OPEN ? endOfClass(pattern, at) : -1
      if (end === -1) steps.push((other) => other === point)
      else {
        steps.push(classTest(pattern.slice(at + 1, end)))
        at = end
      }
    }
  }
  return steps
}

/** Where the class that opens at `open` closes; -1 when it never does and `[` is itself. */
function endOfClass(pattern: readonly number[], open: number): number {
  const firstMember = pattern[open + 1] === BANG ? open + 2 : open + 1
  // The first member may be `]`, so the search begins after it.
  return pattern.indexOf(CLOSE, firstMember + 1)
}

function classTest(body: readonly number[]): (point: number) => boolean {
  const negated = body[0] === BANG
  const members = negated ? body.slice(1) : body
  const spans: { readonly from: number; readonly to: number }[] = []
  for (let at = 0; at < members.length; at++) {
    const from = members[at] ?? 0
    const to = members[at + 1] === HYPHEN ? members[at + 2] : undefined
    spans.push({ from, to: to ?? from })
    if (to !== undefined) at += 2
  }
  return (point) => spans.some(({ from, to }) => from <= point && point <= to) !== negated
}

/** Greedy, with one place to come back to: only the last `*` can still take more. */
function runSteps(steps: readonly Step[], text: readonly number[]): boolean {
  let step = 0
  let at = 0
  let retry: { step: number; at: number } | null = null
  for (;;) {
    const current = steps[step]
    const point = text[at]
    if (current === 'any-run') {
      retry = { step: ++step, at }
    } else if (current === undefined && point === undefined) {
      return true
    } else if (current !== undefined && point !== undefined && current(point)) {
      step++
      at++
    } else if (retry !== null && retry.at < text.length) {
      retry.at++
      step = retry.step
      at = retry.at
    } else return false
  }
}

function codePoints(text: string): number[] {
  return Array.from(text, codePoint)
}

function codePoint(char: string): number {
  return char.codePointAt(0) ?? 0
}
