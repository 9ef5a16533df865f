/**
 * Whether a version of Node, `v20.1.0` or `20.1.0`, is at least `floor`, which may leave parts out.
 * @param {string} version
 * @param {string} floor
 */
export function isAtLeast(version, floor) {
  const has = parts(version)
  const wants = parts(floor)
  for (let index = 0; index < wants.length; index += 1) {
    const difference = (has[index] ?? 0) - (wants[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

/** @param {string} version */
function parts(version) {
  return version
    .replace(/^v/, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10))
}
