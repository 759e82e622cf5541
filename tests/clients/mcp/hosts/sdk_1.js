// A client program with the 1.x line of the TypeScript SDK.

import { UnauthorizedError, auth, extractWWWAuthenticateParams } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Session, serve, url } from './host.js'

let challenge

const session = new Session({
  Client,
  Transport: StreamableHTTPClientTransport,
  UnauthorizedError,
  finish: (transport, response) => transport.finishAuth(response.get('code')),
  options: {
    async fetch(...request) {
      const response = await fetch(...request)
      if (response.status === 403) challenge = extractWWWAuthenticateParams(response)
      return response
    },
  },
  // Where scope is short, this line refreshes, which cannot add any, and gives up. So the program drops its tokens, and
  // asks for what the challenge names.
  async recover(error, { provider }) {
    if (!(error instanceof StreamableHTTPError && error.code === 403)) return false
    provider.invalidateCredentials('tokens')
    return (await auth(provider, { serverUrl: url, ...challenge })) === 'REDIRECT'
  },
})
// The program stores no metadata, as most with this line do: it reads the resource's after each 401.
session.provider.discoveryState = undefined
await serve(session)
