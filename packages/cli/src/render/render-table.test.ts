import { expect, it } from 'vitest'
import { displayWidth } from './display-width.ts'
import { renderTable } from './render-table.ts'

const columns = [
  { title: 'File', flexible: true },
  { title: 'Size', align: 'right' as const },
]

it('aligns by display width', () => {
  expect(
    renderTable(
      columns,
      [
        ['a.bin', '1 GB'],
        ['日本.bin', '20 GB'],
      ],
      null,
    ),
  ).toEqual(['File       Size', 'a.bin      1 GB', '日本.bin  20 GB'])
})

it('lets the flexible column give way to a narrow terminal', () => {
  const lines = renderTable(columns, [['model-00001-of-00002.safetensors', '1 GB']], 24)
  expect(lines.every((line) => displayWidth(line) <= 24)).toBe(true)
  expect(lines[1]).toContain('1 GB')
})

it('is as wide as it comes where nobody looks at it', () => {
  const name = 'x'.repeat(300)
  expect(renderTable(columns, [[name, '1 GB']], null)[1]).toContain(name)
})
