/** What one check found. */
export interface Finding {
  readonly name: string
  readonly level: 'ok' | 'warn' | 'bad'
  readonly text: string
  /** What the person can do. */
  readonly todo?: string
}

export function ok(name: string, text: string): Finding {
  return { name, level: 'ok', text }
}

export function warn(name: string, text: string, todo: string): Finding {
  return { name, level: 'warn', text, todo }
}

export function bad(name: string, text: string, todo: string): Finding {
  return { name, level: 'bad', text, todo }
}
