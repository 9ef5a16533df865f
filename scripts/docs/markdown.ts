/** A row of a Markdown table; line ends and pipes in a cell would break it. */
function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

/** Text as code. */
export function code(text: string): string {
  return `\`${text}\``
}

/** A page that is written by a program, so that a reader knows where to change it. */
export function page(title: string, origin: string, parts: readonly string[]): string {
  const notice = `<!-- Written by \`npm run docs\` from ${origin}. Do not edit. -->`
  return `${[`# ${title}`, notice, ...parts].join('\n\n')}\n`
}
