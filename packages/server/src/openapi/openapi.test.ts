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
    const held = document.operations.map(({ method, path }) => `${method} ${path}`)
    expect(held.sort()).toEqual([
      'DELETE /api/downloads/{id}',
      'DELETE /api/models',
      'DELETE /api/session',
      'DELETE /api/videos/{id}',
      'GET /api/civitai/models',
      'GET /api/civitai/models/{id}',
      'GET /api/downloads',
      'GET /api/downloads/{id}',
      'GET /api/downloads/{id}/events',
      'GET /api/events',
      'GET /api/health',
      'GET /api/limits',
      'GET /api/models/download/{task_id}/progress',
      'GET /api/models/downloads/active',
      'GET /api/models/list',
      'GET /api/models/space',
      'GET /api/session',
      'GET /api/videos',
      'GET /api/videos/{id}',
      'GET /metrics',
      'GET /ws',
      'GET /ws/jobs/{id}/logs',
      'PATCH /api/limits',
      'POST /api/downloads',
      'POST /api/downloads/cancel',
      'POST /api/downloads/forget',
      'POST /api/downloads/move',
      'POST /api/downloads/pause',
      'POST /api/downloads/plan',
      'POST /api/downloads/resume',
      'POST /api/downloads/retry',
      'POST /api/downloads/{id}/cancel',
      'POST /api/downloads/{id}/move',
      'POST /api/downloads/{id}/pause',
      'POST /api/downloads/{id}/resume',
      'POST /api/downloads/{id}/retry',
      'POST /api/models/cancel/{job_id}',
      'POST /api/models/download',
      'POST /api/models/download/{task_id}/cancel',
      'POST /api/models/download/{task_id}/pause',
      'POST /api/models/download/{task_id}/resume',
      'POST /api/models/prune',
      'POST /api/models/status',
      'POST /api/models/verify',
      'POST /api/session',
      'POST /api/session/code',
      'POST /api/tickets',
      'POST /api/videos',
      'POST /api/videos/{id}/cancel',
      'POST /api/videos/{id}/retry',
    ])
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
