// What every client program in JavaScript has: its requests, its store, and the address that the browser returns to.
//
// A program is started with the URL of an MCP server and the path of its store, a JSON file. It reads requests from its
// standard input, one JSON object a line: {"tool": NAME, "arguments": {…}} calls a tool, {} lists them. It answers each
// with a line: {"result": …} or {"error": TEXT}. It opens URLs with $BROWSER. SCOPE and RESOURCE, if they are set,
// replace what the SDK would request, as some programs do.

import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'

export const [url, store] = process.argv.slice(2)

/** Answers requests until the standard input ends. `session` returns a connected client of an SDK. */
export async function serve(session) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { tool: name, arguments: parameters = {} } = JSON.parse(line)
    try {
      const result = await session.use(async (client) =>
        name
          ? (await client.callTool({ name, arguments: parameters })).content.map(({ text }) => text).join('')
          : (await client.listTools()).tools.map(({ name }) => name),
      )
      console.log(JSON.stringify({ result }))
    } catch (error) {
      console.log(JSON.stringify({ error: String(error) }))
    }
  }
  process.exit()
}

const arrivals = []
const callback = createServer((request, response) => {
  response.setHeader('content-type', 'text/html').end('<title>The application</title>')
  const { pathname, searchParams } = new URL(request.url, url)
  if (pathname === '/callback') arrivals.shift()?.(searchParams)
})
await new Promise((listening) => callback.listen(0, '127.0.0.1', listening))

/** An OAuthClientProvider, as the SDKs' documentation describes it, over a JSON file. */
export class Provider {
  redirectUrl = `http://127.0.0.1:${callback.address().port}/callback`
  #stored = existsSync(store) ? JSON.parse(readFileSync(store, 'utf8')) : {}

  constructor() {
    if (process.env.RESOURCE) this.validateResourceURL = async () => new URL(process.env.RESOURCE)
  }

  get clientMetadata() {
    return {
      client_name: 'Notes reader',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
  }

  #save(changes) {
    Object.assign(this.#stored, changes)
    writeFileSync(store, JSON.stringify(this.#stored))
  }

  clientInformation = () => this.#stored.client
  saveClientInformation = (client) => this.#save({ client })
  tokens = () => this.#stored.tokens
  saveTokens = (tokens) => this.#save({ tokens })
  codeVerifier = () => this.#stored.verifier
  saveCodeVerifier = (verifier) => this.#save({ verifier })
  discoveryState = () => this.#stored.discovery
  saveDiscoveryState = (discovery) => this.#save({ discovery })

  // A refusal is a reason to discover again: the resource may have moved.
  invalidateCredentials(what) {
    const kinds = { all: ['client', 'tokens', 'verifier', 'discovery'], tokens: ['tokens', 'discovery'] }[what] ?? [what]
    this.#save(Object.fromEntries(kinds.map((kind) => [kind, undefined])))
  }

  redirectToAuthorization(url) {
    if (process.env.SCOPE) url.searchParams.set('scope', process.env.SCOPE)
    this.response = new Promise((arrived) => arrivals.push(arrived))
    execFile(process.env.BROWSER, [url.href])
  }
}

/** A connection that goes through the browser where the SDK asks for it, and then tries again. */
export class Session {
  provider = new Provider()

  /** `sdk` has the SDK's `Client`, `Transport` and `UnauthorizedError`, and `finish`, which redeems the code. */
  constructor(sdk) {
    this.sdk = sdk
  }

  async use(action) {
    for (let times = 0; ; times++) {
      try {
        this.client ??= await this.#connect()
        return await action(this.client)
      } catch (error) {
        const unauthorized = error instanceof this.sdk.UnauthorizedError || (await this.sdk.recover?.(error, this))
        if (!unauthorized || times === 2) throw error
        await this.sdk.finish(this.transport, await this.provider.response)
        this.client = undefined
      }
    }
  }

  async #connect() {
    const { Client, Transport, options } = this.sdk
    this.transport = new Transport(new URL(url), { authProvider: this.provider, ...options })
    const client = new Client({ name: 'jeton-tests', version: '1.0.0' })
    await client.connect(this.transport)
    return client
  }
}
