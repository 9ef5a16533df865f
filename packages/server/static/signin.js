/** Signs the browser in, by the code behind `#`, which no server log and no other site gets to see, or by the token. */
const message = document.querySelector('#message')
const form = document.querySelector('#form')
const done = document.querySelector('#done')

/** @param {object} proof */
async function signIn(proof) {
  const answer = await fetch('/api/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(proof),
  })
  if (answer.ok) return show(true, 'You are signed in.')
  const problem = await answer.json()
  show(false, `${problem.detail}. ${problem.hint ?? ''}`)
}

/**
 * @param {boolean} signedIn
 * @param {string} text
 */
function show(signedIn, text) {
  message.textContent = text
  form.hidden = signedIn
  done.hidden = !signedIn
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  void signIn({ token: document.querySelector('#token').value })
})

async function signOut() {
  const answer = await fetch('/api/session', { method: 'DELETE' })
  if (answer.ok) show(false, 'You are signed out.')
}

document.querySelector('#sign-out').addEventListener('click', () => void signOut())

const code = location.hash.slice(1)
// The code is used up by the next step; it has no place in the history.
history.replaceState(null, '', location.pathname)
if (code !== '') await signIn({ code })
else if ((await fetch('/api/session')).ok) show(true, 'You are signed in.')
