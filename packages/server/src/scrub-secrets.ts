const ADDRESS = /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'\\<>]+/gi

/** What tells other secrets by their form, and what is written in their place. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\bBearer +[\w.~+/=-]{8,}/gi, 'Bearer [secret]'],
  [/(authorization\W{1,8}Basic +)[\w+/=]+/gi, '$1[secret]'],
  [/\bhf_\w{8,}/g, '[secret]'],
]

/** The same text without what has the form of a secret. Whole lines of JSON stay lines of JSON. */
export function scrubSecrets(text: string): string {
  const bare = text.replace(ADDRESS, bareAddress)
  return FORMS.reduce((scrubbed, [form, instead]) => scrubbed.replace(form, instead), bare)
}

/** Without user name and password, and without the query: signed ones are as good as a token. */
function bareAddress(address: string): string {
  const pathStart = address.indexOf('://') + '://'.length
  const [whole = '', ...query] = address.slice(pathStart).split(/[?#]/)
  const userEnd = (whole.split('/', 1)[0] ?? '').lastIndexOf('@') + 1
  const user = userEnd === 0 ? '' : '[secret]@'
  return `${address.slice(0, pathStart)}${user}${whole.slice(userEnd)}${query.length === 0 ? '' : '?[secret]'}`
}
