/** True for git's name of a commit, whole; anything shorter may be the name of a branch. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text)
}
