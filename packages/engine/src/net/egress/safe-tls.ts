/**
 * Said out loud for every secure connection, so that neither NODE_TLS_REJECT_UNAUTHORIZED
 * nor a flag of Node can switch the check of certificates off or bring old versions back.
 */
export const SAFE_TLS = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const
