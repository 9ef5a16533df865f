import { posix, win32 } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requireContainedPath, requireHoldablePath } from './safe-path.ts'

const INVALID = expect.objectContaining({ code: 'NAME_INVALID' })

describe('a path that leads out of its folder', () => {
  it.each([
    '../x',
    'a/../../x',
    'a/..',
    '..',
    '.',
    './a',
    'a/./b',
    '/etc/passwd',
    '//host/share/x',
    'a//b',
    'a/',
    '',
    '..\\x',
    'a\\..\\..\\x',
    'a/..\\x',
    '\\x',
    '\\\\host\\share\\x',
    '\\\\?\\C:\\x',
    'C:\\x',
    'C:x',
    'a/C:x',
    'c:',
    'a\u0000b',
    'a\nb',
    'a\u001bb',
    'a\ud800b',
  ])('is refused: %j', (path) => {
    expect(() => requireContainedPath(path)).toThrowError(INVALID)
  })

  it('is never let through, whatever it is made of', () => {
    const unit = fc.constantFrom('.', '..', '/', '\\', ':', 'C', 'a', ' ', '?', '\u0000', '//')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 10 }), (path) => {
        try {
          requireContainedPath(path)
        } catch {
          return
        }
        expect(posix.resolve('/base', path)).toBe(`/base/${path}`)
        expect(win32.resolve('D:\\base', ...path.split('/')).startsWith('D:\\base\\')).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  it('is shown escaped and cut in the error', () => {
    const path = `a\n${'x'.repeat(5000)}`
    try {
      requireContainedPath(path)
      expect.unreachable()
    } catch (error) {
      expect(String(error)).toContain('a\\nxxx')
      expect(String(error).length).toBeLessThan(400)
    }
  })
})

describe('an odd name', () => {
  const ODD = [
    'sub folder/to?/awful?filename%you:should,never.give',
    'CON',
    'nul.txt',
    'ends with a dot.',
    'ends with a space ',
    '#1 (final) [v2].bin',
    '..hidden',
    'a..b',
    '-rf',
    '日本語/模型.bin',
    'a"<b>|*',
  ]

  it.each(ODD)('is fine on Linux: %s', (path) => {
    requireContainedPath(path)
    requireHoldablePath(path, 'linux')
  })

  it.each([...ODD.slice(0, 5), 'a/LPT1.x/b', 'COM¹', 'CONOUT$', 'a\\b', 'a"b'])(
    'is refused on Windows: %s',
    (path) => {
      expect(() => requireHoldablePath(path, 'win32')).toThrowError(INVALID)
    },
  )

  it('of more than 255 bytes is refused everywhere', () => {
    requireHoldablePath(`${'a'.repeat(255)}/${'b'.repeat(255)}`, 'linux')
    expect(() => requireHoldablePath('ä'.repeat(128), 'linux')).toThrowError(INVALID)
  })
})
