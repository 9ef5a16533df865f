import type { EgressRules } from './egress-policy.ts'

/** For clients of tests, whose hosts are all on this machine. */
export const LOOPBACK: EgressRules = {
  trustedOrigins: [],
  allowedHosts: ['127.0.0.1', 'localhost', '[::1]'].map((hostname) => ({ hostname, port: 'any' })),
}
