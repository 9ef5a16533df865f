import { parseAllowedHost, Secret } from '@windlass/engine'
import { z } from 'zod'
import { parseDuration, parseShare, parseSize, quantity } from './parse-quantity.ts'
import { parseRate, RATE_WORDS } from './parse-rate.ts'

/** One setting: where it may be given, what it means, and how its text is read. */
export interface SettingSpec<T = unknown> {
  readonly variable: `WINDLASS_${string}`
  /** Null where no flag of the CLI sets it. */
  readonly flag: `--${string}` | null
  /** Key in `config.toml`; null where the file cannot say it. */
  readonly tomlKey: string | null
  /** As a person would write it; null when unset means something of its own, which `help` tells. */
  readonly default: string | null
  readonly help: string
  /** Reads text, or a number of `config.toml`. Its messages end the sentence "WINDLASS_X must be ...". */
  readonly schema: z.ZodType<T>
  /** True when the value must never be shown, not even in an error. */
  readonly secret?: boolean
}

const row = <T>(spec: SettingSpec<T>): SettingSpec<T> => spec

/** A whole number in `[least, most]`, in decimal digits. */
function integer(least: number, most: number): z.ZodType<number> {
  const expected = `a whole number from ${least} to ${most}`
  const parse = (text: string): number | null => {
    const value = /^\d{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN
    return value >= least && value <= most ? value : null
  }
  return quantity(parse, expected)
}

const text = (expected: string): z.ZodString =>
  z.string({ error: expected }).trim().min(1, expected)

const DAY_MS = 86_400_000

const timeLimit = quantity((input) => {
  const ms = parseDuration(input)
  return ms !== null && ms >= 1000 && ms <= 365 * DAY_MS ? ms : null
}, 'a time such as 90m, 24h or 7d, from 1s to 365d')

/** `10%,1G` is the larger of a tenth of the download and 1 GiB; either half may stand alone. */
const reserve = quantity((input) => {
  const parts = input.split(',').map((part) => part.trim())
  const shares = parts.flatMap((part) => parseShare(part) ?? [])
  const sizes = parts.flatMap((part) => parseSize(part) ?? [])
  if (shares.length + sizes.length !== parts.length) return null
  if (shares.length > 1 || sizes.length > 1) return null
  return { share: shares[0] ?? 0, minBytes: sizes[0] ?? 0 }
}, 'a percentage, a size, or both, such as 10%, 2G or 10%,1G')

/** 0 is no limit, so that the environment can undo what `config.toml` says. */
const limitRate = quantity(
  (input) => (input.trim() === 'off' ? 0 : parseRate(input)),
  `${RATE_WORDS}; or off`,
)

const serverAddress = text('an address such as http://host:9465').transform((input, context) => {
  const url = URL.canParse(input) ? new URL(input) : null
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '') {
    return url
  }
  context.addIssue({ code: 'custom', message: 'an address such as http://host:9465' })
  return z.NEVER
})

const SHORTEST_TOKEN = 16
const tokenRule = `at least ${SHORTEST_TOKEN} visible ASCII characters, without spaces`

const apiToken = text(tokenRule)
  .min(SHORTEST_TOKEN, tokenRule)
  .max(512, 'at most 512 characters')
  .regex(/^[\x21-\x7e]+$/, tokenRule)
  .transform((value) => new Secret(value))

const hostName = text('a host name or an IP address').regex(
  /^[\w.:-]+$/,
  'a host name or an IP address, without brackets, port or scheme',
)

/** `nas.lan:8080, 192.168.1.5:*`; an empty list is none. */
const allowedHosts = quantity((input) => {
  const entries = input.split(',').filter((entry) => entry.trim() !== '')
  const hosts = entries.flatMap((entry) => parseAllowedHost(entry) ?? [])
  return hosts.length === entries.length ? hosts : null
}, 'hosts such as nas.lan, nas.lan:8080 or [fd00::5]:*, separated by commas')

/** Every setting of Windlass's own that something honours; help texts and docs are printed from it. */
export const SETTINGS = {
  home: row({
    variable: 'WINDLASS_HOME',
    flag: null,
    tomlKey: null,
    default: null,
    help: "Folder of Windlass's own state: database, token, config.toml. Unset: the platform's data folder.",
    schema: text('a folder'),
  }),
  host: row({
    variable: 'WINDLASS_HOST',
    flag: '--host',
    tomlKey: 'host',
    default: '127.0.0.1',
    help: 'Address that the server listens on. Beyond this machine it needs WINDLASS_TOKEN.',
    schema: hostName,
  }),
  port: row({
    variable: 'WINDLASS_PORT',
    flag: '--port',
    tomlKey: 'port',
    default: '9465',
    help: 'Port that the server listens on; 0 takes any free one.',
    schema: integer(0, 65_535),
  }),
  token: row({
    variable: 'WINDLASS_TOKEN',
    flag: null,
    tomlKey: 'token',
    default: null,
    help: 'API token, at least 16 characters. Unset: made on first start, in WINDLASS_HOME/token.',
    schema: apiToken,
    secret: true,
  }),
  server: row({
    variable: 'WINDLASS_SERVER',
    flag: null,
    tomlKey: 'server',
    default: null,
    help: 'Address of the server that commands talk to. Unset: whoever owns WINDLASS_HOME.',
    schema: serverAddress,
  }),
  maxActive: row({
    variable: 'WINDLASS_MAX_ACTIVE',
    flag: null,
    tomlKey: 'max_active',
    default: '3',
    help: 'Downloads at once.',
    schema: integer(1, 64),
  }),
  maxQueued: row({
    variable: 'WINDLASS_MAX_QUEUED',
    flag: null,
    tomlKey: 'max_queued',
    default: '10000',
    help: 'Downloads that may wait; 0 refuses a new one as soon as every slot is busy.',
    schema: integer(0, 1_000_000),
  }),
  connections: row({
    variable: 'WINDLASS_CONNECTIONS',
    flag: null,
    tomlKey: 'connections',
    default: '8',
    help: 'Connections of one download.',
    schema: integer(1, 64),
  }),
  limitRate: row({
    variable: 'WINDLASS_LIMIT_RATE',
    flag: null,
    tomlKey: 'limit_rate',
    default: 'off',
    help: 'Bytes per second over everything, such as 20M (powers of 1000).',
    schema: limitRate,
  }),
  retries: row({
    variable: 'WINDLASS_RETRIES',
    flag: null,
    tomlKey: 'retries',
    default: '5',
    help: 'Attempts without progress before a download gives up.',
    schema: integer(1, 1000),
  }),
  timeLimitMs: row({
    variable: 'WINDLASS_TIME_LIMIT',
    flag: null,
    tomlKey: 'time_limit',
    default: '24h',
    help: 'Running time after which a download gives up, such as 90m, 24h or 7d.',
    schema: timeLimit,
  }),
  reserve: row({
    variable: 'WINDLASS_RESERVE',
    flag: null,
    tomlKey: 'reserve',
    default: '10%,1G',
    help: "Free space left alone: a share of the download's size, a size, or the larger of both.",
    schema: reserve,
  }),
  allowedHosts: row({
    variable: 'WINDLASS_ALLOW_HOSTS',
    flag: null,
    tomlKey: 'allow_hosts',
    default: null,
    help: 'Hosts in private address space that refs and redirects may reach: `host` (ports 80 and 443), `host:port` or `host:*`, separated by commas. Unset: none beside HF_ENDPOINT.',
    schema: allowedHosts,
  }),
} as const

export type SettingKey = keyof typeof SETTINGS

/** The value of one setting as its schema gives it. */
export type SettingValue<K extends SettingKey> = z.output<(typeof SETTINGS)[K]['schema']>

/** All keys, typed. */
export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[]
