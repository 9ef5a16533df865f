import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { shellQuote } from './shell-quote.ts'

it('gives the shell back exactly what it was given', () => {
  for (const text of ['org/name', '*.safetensors', "it's", 'a b', '$HOME `x` "y" \\', '', '-x']) {
    expect(execFileSync('sh', ['-c', `printf %s ${shellQuote(text)}`]).toString()).toBe(text)
  }
})

it('leaves simple words readable', () => {
  expect(shellQuote('org/name@v1.0')).toBe('org/name@v1.0')
})
