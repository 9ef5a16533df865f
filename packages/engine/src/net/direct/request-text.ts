import type { OutgoingRequest } from '../transport.ts'

// Not by `import`: that reads every export of the module, and Node's own `fetch` is loaded for it.
const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http')

/**
 * A request as it is written to its connection, in Latin-1.
 * @throws TypeError of Node for a header that would end its line
 */
export function requestText({ url, method, headers }: Omit<OutgoingRequest, 'signal'>): string {
  let text = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n`
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    text += `${name}: ${value}\r\n`
  }
  return `${text}\r\n`
}
