const DATE_FORMS =
  /^(?:(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat),? [\dA-Z]|(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, \d)/

/**
 * Reads a date of an HTTP header in any of the three forms of RFC 9110 §5.6.7.
 * @returns epoch milliseconds, or null when it is no such date
 */
export function parseHttpDate(text: string): number | null {
  if (!DATE_FORMS.test(text)) return null
  const time = Date.parse(/ GMT$/.test(text) ? text : `${text} GMT`)
  return Number.isNaN(time) ? null : time
}
