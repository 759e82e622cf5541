// Chromium, with a page that is held to a clean console, to fitting its window and to WCAG 2.2 AA; and the application
// that it comes back to.
//
// CHROMIUM is the browser's program; SHOTS, if it is set, a directory for pictures of the pages.

import { deepEqual, equal } from 'node:assert/strict'
import { createServer } from 'node:http'
import { join } from 'node:path'
import axe from 'axe-core'
import { chromium } from 'playwright-core'
import { check, given } from './checks.js'

/** How the browser last came back to the application, and with what. */
export const came = {}

async function listen(answer) {
  const server = createServer(answer)
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return server
}

const port = (server) => server.address().port

/** Another site, which the application may send people on to. */
const elsewhere = await listen((_, response) =>
  response.setHeader('content-type', 'text/html').end('<title>Elsewhere</title>'),
)
/** Its address. */
export const onward = `http://localhost:${port(elsewhere)}/`

const application = await listen(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  const url = new URL(request.url, 'http://127.0.0.1')
  if (url.pathname === '/callback') {
    const parameters = new URLSearchParams(request.method === 'POST' ? body : url.search)
    came.last = { method: request.method, ...Object.fromEntries(parameters) }
    if (came.last.state === 'onward') return response.writeHead(303, { location: onward }).end()
  }
  response.setHeader('content-type', 'text/html').end('<title>The application</title>')
})
/** Where the application wants to be answered. */
export const redirect_uri = `http://127.0.0.1:${port(application)}/callback`

const browser = await chromium.launch({
  executablePath: given('CHROMIUM'),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})

/** Ends everything that was started here. */
export async function close() {
  await browser.close()
  for (const server of [application, elsewhere]) {
    server.closeAllConnections()
    server.close()
  }
}

/** Two widths, in light and in dark. */
export const looks = [
  ['narrow', { viewport: { width: 320, height: 640 } }],
  ['wide', { viewport: { width: 1280, height: 800 } }],
].flatMap(([size, look]) => [
  [`${size}, light`, { ...look, colorScheme: 'light' }],
  [`${size}, dark`, { ...look, colorScheme: 'dark' }],
])

/** What an automated audit finds wrong with `page`: the rules of WCAG 2.2, A and AA, and good practice. */
async function audit(page) {
  await page.evaluate(axe.source)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const { violations } = await page.evaluate((tags) => {
    return globalThis.axe.run({ runOnly: tags, rules: { 'target-size': { enabled: true } } })
  }, tags)
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`))
}

/**
 * Runs `walk` with a page of a browser that has no cookies yet, and holds every page of that browser to a clean
 * console and no violation of its policy.
 */
export async function fresh(what, look, walk) {
  const context = await browser.newContext({ locale: 'en-US', ...look, reducedMotion: 'reduce' })
  context.setDefaultTimeout(10_000)
  const complaints = []
  await context.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`${event.violatedDirective} blocks ${event.blockedURI}`),
    ),
  )
  context.on('console', (message) => {
    // That a page's own status is an error is no complaint about the page.
    if (['error', 'warning'].includes(message.type()) && !/favicon|Failed to load resource/.test(message.text()))
      complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  came.last = undefined
  let shots = 0
  /** Holds a page to fitting its window and to the audit, and takes its picture. */
  async function see(name, page = context.pages()[0]) {
    const file = `${what} ${++shots} ${name}.png`.replaceAll(/[ ,:()]+/g, '-')
    if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, file), fullPage: true })
    equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, `${name} is too wide`)
    deepEqual(await audit(page), [], name)
  }
  await check(what, async () => {
    await walk(await context.newPage(), see)
    deepEqual(complaints, [])
  })
  await context.close()
}
