const ID_ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz'
const ID_LENGTH = 10

/** Short enough to type; 31^10 of them. */
export function newId(random: () => number): string {
  const letters = Array.from(
    { length: ID_LENGTH },
    () => ID_ALPHABET[Math.floor(random() * ID_ALPHABET.length)] ?? '2',
  )
  return letters.join('')
}
