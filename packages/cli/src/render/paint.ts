import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours text, or leaves it alone where nobody wants colours. */
export type Paint = (style: Style, text: string) => string

export const plainPaint: Paint = (_style, text) => text

const colourPaint: Paint = (style, text) => styleText(style, text, { validateStream: false })

/** Colours for a terminal that has some, unless `NO_COLOR` (no-color.org) or `TERM=dumb` say otherwise. */
export function paintFor(
  output: { readonly isTerminal: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const wanted = output.isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return wanted ? colourPaint : plainPaint
}
