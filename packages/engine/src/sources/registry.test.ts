import { expect, it } from 'vitest'
import { SourceRegistry } from './registry.ts'
import type { Source } from './source.ts'

function sourceThatClaims(id: string, prefix: string): Source {
  const never = () => Promise.reject(new Error('not asked in this test'))
  return {
    id,
    parse: (text, { revision } = {}) =>
      text.startsWith(prefix) ? { source: id, canonical: `${text}@${revision ?? ''}` } : null,
    resolve: never,
    locate: never,
  }
}

it('gives a text to the first source that claims it, with the revision', () => {
  const registry = new SourceRegistry([sourceThatClaims('a', 'ax'), sourceThatClaims('b', 'a')])
  expect(registry.parse('ax').source.id).toBe('a')
  const { source, ref } = registry.parse('ay', { revision: 'r' })
  expect([source.id, ref]).toEqual(['b', { source: 'b', canonical: 'ay@r' }])
})

it('refuses what nobody claims, and knows its sources by id', () => {
  const source = sourceThatClaims('a', 'a')
  const registry = new SourceRegistry([source])
  expect(() => registry.parse('zzz')).toThrowError(expect.objectContaining({ code: 'REF_INVALID' }))
  expect(registry.get('a')).toBe(source)
  expect(() => registry.get('z')).toThrowError(expect.objectContaining({ code: 'INTERNAL' }))
  expect(() => new SourceRegistry([source, source])).toThrowError(TypeError)
})
