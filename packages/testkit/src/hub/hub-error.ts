import { jsonReply, type Reply } from '../faults/reply.ts'

/** The Hub's `X-Error-Code` values that the fake uses. */
export type HubErrorCode = 'RepoNotFound' | 'RevisionNotFound' | 'EntryNotFound' | 'GatedRepo'

/** An error as the Hub answers it: the text in the body and in `X-Error-Message`. */
export function hubError(
  status: number,
  message: string,
  code?: HubErrorCode,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return jsonReply(
    status,
    { error: message },
    {
      ...(code === undefined ? {} : { 'X-Error-Code': code }),
      'X-Error-Message': message,
      ...headers,
    },
  )
}
