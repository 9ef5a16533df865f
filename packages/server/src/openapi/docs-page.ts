import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

/** The one style attribute that the page sets from its own script (swagger-ui 5). */
const STYLE =
  "style-src 'self' 'unsafe-hashes' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"

/** The API's documentation at `/docs`, from files of our own alone. */
export async function docsPage(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    transformStaticCSP: (policy) => `${policy};${STYLE}`,
    theme: { title: 'Windlass API' },
    uiConfig: { docExpansion: 'list', defaultModelsExpandDepth: 0, persistAuthorization: false },
    logo: { type: 'image/svg+xml', content: '<svg xmlns="http://www.w3.org/2000/svg"/>' },
  })
}
