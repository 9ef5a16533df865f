import { z } from 'zod'

const expiresAt = z.number().meta({ description: 'Epoch milliseconds' })
const secret = z.string().min(1).max(512)

/** What a browser signs in with: the code of a sign-in link, or the API token. */
export const SignIn = z
  .union([z.strictObject({ code: secret }), z.strictObject({ token: secret })])
  .meta({ id: 'SignIn' })
export type SignIn = z.infer<typeof SignIn>

/** How the asker proved who it is, and until when that holds; null for as long as the token does. */
export const SessionInfo = z
  .object({ kind: z.enum(['token', 'session']), expiresAt: expiresAt.nullable() })
  .meta({ id: 'SessionInfo' })
export type SessionInfo = z.infer<typeof SessionInfo>

/** A code that works once. */
export const SingleUseCode = z.object({ code: z.string(), expiresAt }).meta({ id: 'SingleUseCode' })
export type SingleUseCode = z.infer<typeof SingleUseCode>
