import { afterAll, assert, beforeAll, describe, expect, it } from 'vitest'
import { type ApiDocument, readOpenapi } from '../testing/openapi-operations.ts'
import { GOOD, openTestApp, type TestApp } from '../testing/test-app.ts'

let test: TestApp
let document: ApiDocument
beforeAll(async () => {
  test = await openTestApp()
  document = await readOpenapi(test.app)
})
afterAll(() => test.app.close())

describe('the OpenAPI document', () => {
  it('is of version 3.1 and names every operation once', () => {
    expect(document.version).toBe('3.1.0')
    const ids = document.operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThan(20)
  })

  it('holds every route of the API', () => {
    expect(new Set(document.operations.map(({ path }) => path))).toEqual(
      new Set([
        '/api/downloads',
        '/api/downloads/cancel',
        '/api/downloads/forget',
        '/api/downloads/move',
        '/api/downloads/pause',
        '/api/downloads/plan',
        '/api/downloads/resume',
        '/api/downloads/retry',
        '/api/downloads/{id}',
        '/api/downloads/{id}/cancel',
        '/api/downloads/{id}/events',
        '/api/downloads/{id}/move',
        '/api/downloads/{id}/pause',
        '/api/downloads/{id}/resume',
        '/api/downloads/{id}/retry',
        '/api/events',
        '/api/health',
        '/api/limits',
        '/api/models',
        '/api/models/cancel/{job_id}',
        '/api/models/download',
        '/api/models/download/{task_id}/cancel',
        '/api/models/download/{task_id}/pause',
        '/api/models/download/{task_id}/progress',
        '/api/models/download/{task_id}/resume',
        '/api/models/downloads/active',
        '/api/models/list',
        '/api/models/prune',
        '/api/models/space',
        '/api/models/status',
        '/api/models/verify',
        '/api/session',
        '/api/session/code',
        '/api/tickets',
        '/api/videos',
        '/api/videos/{id}',
        '/api/videos/{id}/cancel',
        '/api/videos/{id}/retry',
        '/metrics',
        '/ws',
        '/ws/jobs/{id}/logs',
      ]),
    )
  })

  it('names each status exactly, and what comes with it', () => {
    for (const { operationId, responses } of document.operations) {
      for (const [status, { description, content }] of Object.entries(responses)) {
        expect(status, operationId).toMatch(/^[1-5]\d\d$/)
        expect(description, operationId).toBeTruthy()
        const isEmpty = ['101', '204'].includes(status)
        expect(content === undefined, `${operationId} ${status}`).toBe(isEmpty)
      }
      const statuses = Object.keys(responses)
      expect(statuses, operationId).toEqual(expect.arrayContaining(['403', '421', '429', '500']))
    }
  })

  it('gives an example of every parameter, body and answer, which its schema accepts', () => {
    for (const { operationId, parameters, requestBody, responses } of document.operations) {
      const parts = [
        ...parameters,
        ...Object.values(requestBody?.content ?? {}),
        ...Object.values(responses).flatMap(({ content }) => Object.values(content ?? {})),
      ]
      for (const { schema, ...part } of parts) {
        const several = 'examples' in part ? Object.values(part.examples ?? {}) : []
        const examples =
          part.example === undefined ? several.map(({ value }) => value) : [part.example]
        expect(examples.length, `${operationId} ${JSON.stringify(schema)}`).toBeGreaterThan(0)
        for (const example of examples) {
          const read = document.schema(schema).safeParse(example)
          expect(read.error, `${operationId}: ${JSON.stringify(example)}`).toBeUndefined()
        }
      }
    }
  })
})

describe('the documentation page', () => {
  const get = (url: string) => test.app.inject({ url, headers: GOOD })

  it('loads from this server alone, within its content policy', async () => {
    const page = await get('/docs')
    expect(page.statusCode).toBe(200)
    expect(page.body).not.toMatch(/(src|href)="(https?:)?\/\//)
    expect(page.body).not.toMatch(/<script(?![^>]*src=)|<style| style=| on\w+=/)
    expect(page.headers['content-security-policy']).toContain("script-src 'self';")
    const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url)
    expect(parts.length).toBeGreaterThan(4)
    for (const url of parts) {
      assert(url !== undefined)
      expect((await get(url)).statusCode, url).toBe(200)
    }
  })

  it('shows the same document, to whoever may use the API', async () => {
    const shown = await get('/docs/json')
    expect(shown.json()).toEqual((await get('/api/openapi.json')).json())
    for (const url of ['/docs', '/docs/json', '/docs/static/swagger-ui.css']) {
      const unknown = await test.app.inject({ url, headers: { host: 'localhost' } })
      expect(unknown.statusCode, url).toBe(401)
    }
  })
})
