// The server of the demo behind a proxy, which stores what passes and injects faults; and their clock.

import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as forward } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { given } from '../checks.js'

/** A directory of this run. */
export const folder = mkdtempSync(join(tmpdir(), 'examples-'))
const clock = join(folder, 'clock')

/** Whether the clock can be moved. */
export const clockMoves = Boolean(process.env.CLOCK_LIBRARY)

/** What the environment of a program gains so that its clock is that of the server. */
export const clocked = clockMoves
  ? {
      LD_PRELOAD: process.env.CLOCK_LIBRARY,
      FAKETIME_SHARED: process.env.CLOCK_SHARED,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
  : {}

let now = 0
/** Moves the clock forward. */
export function pass(seconds) {
  now += seconds
  writeFileSync(clock, `+${now}`)
}
pass(0)

/** What passed the proxy since the last `front.forget()`, and the faults to come. */
export const front = {
  /** Method, path, form and response of each request. */
  passed: [],
  /** `(request) => { status, headers, body } | undefined | never`: a response in place of the server's. */
  fault: undefined,
  /** `(document, request) => document`: changes JSON of the server. */
  edit: undefined,
  forget() {
    this.passed = []
    this.fault = this.edit = undefined
  },
  /** The requests of a path since then. */
  to(path) {
    return this.passed.filter((request) => request.path === path)
  },
}

let target
const proxy = createServer(async (incoming, response) => {
  const body = await text(incoming)
  const url = new URL(incoming.url, 'http://127.0.0.1')
  const seen = { method: incoming.method, path: url.pathname, form: Object.fromEntries(new URLSearchParams(body)) }
  front.passed.push(seen)
  const fault = await front.fault?.(seen)
  if (fault === 'close') return incoming.socket.destroy()
  if (fault === 'hang') return
  if (fault) return response.writeHead(fault.status, fault.headers).end(fault.body ?? '{}')
  const { method, url: path, headers } = incoming
  const sent = forward(new URL(path, target), { method, headers }, async (answer) => {
    seen.response = await text(answer)
    if (front.edit) {
      seen.response = JSON.stringify(front.edit(JSON.parse(seen.response), seen))
      answer.headers['content-length'] = Buffer.byteLength(seen.response)
    }
    response.writeHead(answer.statusCode, answer.headers).end(seen.response)
  })
  sent.on('error', () => incoming.socket.destroy())
  sent.end(body)
})
await new Promise((listening) => proxy.listen(0, '127.0.0.1', listening))

/** The address of the proxy, which is the issuer. */
export const issuer = `http://127.0.0.1:${proxy.address().port}`

const server = spawn(given('JETON'), ['serve', '--port', '0', '--memory', '--demo', '--issuer', issuer], {
  env: { ...process.env, ...clocked },
  stdio: ['ignore', 'pipe', 'ignore'],
})
process.on('exit', () => server.kill())
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
let banner = ''
for await (const part of server.stdout) {
  banner += part
  if (banner.includes('Stop with Ctrl-C')) break
}
const line = (pattern) => banner.match(pattern)?.[1] ?? fail(pattern)
function fail(pattern) {
  throw new Error(`the server did not print ${pattern}: ${banner}`)
}
target = line(/^Jeton listening on (\S+)/m)
/** The address of the tables. */
export const tables = line(/^DynamoDB listening on (\S+)/m)
/** The user of the demo. */
export const user = { name: line(/username +(\S+)/), password: line(/password +(\S+)/) }

/** Runs the command `jeton`. Returns its JSON. */
export async function jeton(...options) {
  const env = { ...process.env, ...clocked }
  const { stdout } = await promisify(execFile)(given('JETON'), ['--json', '--endpoint-url', tables, ...options], { env })
  return JSON.parse(stdout || 'null')
}

/** Sends a form to the server, as the client with the id and secret `credentials`. Returns status and JSON. */
export async function post(path, form, credentials) {
  const headers = credentials && { authorization: `Basic ${Buffer.from(credentials.join(':')).toString('base64')}` }
  const response = await fetch(`${target}${path}`, { method: 'POST', body: new URLSearchParams(form), headers })
  return { status: response.status, ...(await response.json()) }
}

/** Stops the server and the proxy. */
export function close() {
  server.kill()
  proxy.closeAllConnections()
  proxy.close()
  rmSync(folder, { recursive: true, force: true })
}
