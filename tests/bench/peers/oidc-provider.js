// oidc-provider: `node oidc-provider.js [DYNAMODB-URL]`. Without a URL, it stores everything in memory.
//
// Access tokens are opaque, refresh tokens of the public client rotate, and the rest is as the library has it by default. The
// interaction with the user, who is asked nothing, ends at once.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

import { app, scope, service, user } from './clients.js';
import { DynamoAdapter } from './oidc-provider-dynamodb.js';
import { MemoryAdapter } from './oidc-provider-memory.js';

const [dynamodb] = process.argv.slice(2);
const DAY = 24 * 60 * 60;

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    adapter: dynamodb ? DynamoAdapter.at(dynamodb) : MemoryAdapter,
    clients: [
      {
        client_id: service.id,
        client_secret: service.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: app.id,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [app.redirect_uri],
      },
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    jwks: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })] },
    scopes: ['openid', 'offline_access', scope],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
    ttl: {
      AccessToken: 60 * 60,
      AuthorizationCode: 60,
      ClientCredentials: 60 * 60,
      Grant: DAY,
      IdToken: 60 * 60,
      Interaction: 60 * 60,
      RefreshToken: DAY,
      Session: DAY,
    },
    findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    // Without `openid`, so that no ID token is signed: the peers of this benchmark sign none.
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    async loadExistingGrant(ctx) {
      const { client, session } = ctx.oidc;
      const known = session.grantIdFor(client.clientId);
      if (known) return ctx.oidc.provider.Grant.find(known);
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(scope);
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  server.on('request', async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return handle(request, response);
    await provider.interactionFinished(request, response, { login: { accountId: user } });
  });
  console.log(`listening on ${issuer}`);
});
