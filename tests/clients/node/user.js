// A user who signs in and decides, over plain HTTP instead of a browser.

import { given } from './checks.js'

/**
 * Opens the authorization URL `url`, signs in and decides. Returns the URL that redirects to the application. `scope`
 * is the list of values that stay checked.
 */
export async function visit(url, { decision = 'allow', scope = ['read', 'write'] } = {}) {
  const cookies = new Map()
  const target = new URL(url).searchParams.get('redirect_uri')

  /** Opens a URL, and follows redirects up to a page or to the application. */
  async function open(url, form) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const body = form && new URLSearchParams(form)
    const response = await fetch(url, { method: body ? 'POST' : 'GET', body, headers: { cookie }, redirect: 'manual' })
    for (const [, name, value] of response.headers.getSetCookie().map((line) => line.match(/^([^=]+)=([^;]*)/)))
      cookies.set(name, value)
    if (response.status !== 303) return { status: response.status, url, text: await response.text() }
    const location = new URL(response.headers.get('location'), url)
    return location.href.startsWith(target) ? { returned: location } : open(location)
  }

  /** Submits the first form of a page. */
  async function submit(page, fields) {
    const [, action, inputs] = page.text?.match(/<form method="post" action="([^"]*)">(.*?)<\/form>/s) ?? []
    if (page.status !== 200 || !action) throw new Error(`no form: ${page.status} ${page.text}`)
    const hidden = [...inputs.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
    const form = Object.fromEntries(hidden.map(([, name, value]) => [name, unescape(value)]))
    return open(new URL(unescape(action), page.url), { ...form, ...fields })
  }

  let page = await open(url)
  if (page.text?.includes('name="password"'))
    page = await submit(page, { username: given('JETON_USER'), password: given('PASSWORD') })
  if (page.returned) return page.returned // without a consent page
  const allowed = scope.map((value) => [`allow:${value}`, 'yes'])
  page = await submit(page, { decision, ...Object.fromEntries(decision === 'allow' ? allowed : []) })
  if (!page.returned) throw new Error(`not sent back: ${page.status} ${page.text}`)
  return page.returned
}

function unescape(text) {
  return text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replaceAll('&amp;', '&')
}
