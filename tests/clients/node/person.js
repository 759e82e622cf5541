// A person at a browser, without the browser: what they fill in, over plain HTTP.

import { given } from './checks.js'

/**
 * Goes to the authorization URL `url`, signs in, decides, and answers where the application is sent back to (a URL).
 * `scope` is what stays ticked.
 */
export async function visit(url, { decision = 'allow', scope = ['read', 'write'] } = {}) {
  const cookies = new Map()
  const target = new URL(url).searchParams.get('redirect_uri')

  /** Asks for a page and follows what it redirects to, up to a page or the application. */
  async function open(url, form) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const body = form && new URLSearchParams(form)
    const answer = await fetch(url, { method: body ? 'POST' : 'GET', body, headers: { cookie }, redirect: 'manual' })
    for (const [, name, value] of answer.headers.getSetCookie().map((line) => line.match(/^([^=]+)=([^;]*)/)))
      cookies.set(name, value)
    if (answer.status !== 303) return { status: answer.status, url, text: await answer.text() }
    const location = new URL(answer.headers.get('location'), url)
    return location.href.startsWith(target) ? { returned: location } : open(location)
  }

  /** Fills in a page's first form. */
  async function submit(page, fields) {
    const [, action, inputs] = page.text?.match(/<form method="post" action="([^"]*)">(.*?)<\/form>/s) ?? []
    if (page.status !== 200 || !action) throw new Error(`no form: ${page.status} ${page.text}`)
    const hidden = [...inputs.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
    const form = Object.fromEntries(hidden.map(([, name, value]) => [name, unescape(value)]))
    return open(new URL(unescape(action), page.url), { ...form, ...fields })
  }

  let page = await open(url)
  if (page.text?.includes('name="password"'))
    page = await submit(page, { username: given('PERSON'), password: given('PASSWORD') })
  if (page.returned) return page.returned // it was decided before anybody was asked
  const allowed = scope.map((value) => [`allow:${value}`, 'yes'])
  page = await submit(page, { decision, ...Object.fromEntries(decision === 'allow' ? allowed : []) })
  if (!page.returned) throw new Error(`not sent back: ${page.status} ${page.text}`)
  return page.returned
}

function unescape(text) {
  return text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replaceAll('&amp;', '&')
}
