import type { AllowedHost } from '../net/egress/allowed-host.ts'

/** The hosts that tests play: all of them are on loopback, where nobody may lead us otherwise. */
export const OWN_MACHINE: readonly AllowedHost[] = ['localhost', '127.0.0.1', '[::1]'].map(
  (hostname) => ({ hostname, port: 'any' }),
)
