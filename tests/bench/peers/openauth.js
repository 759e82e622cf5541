// OpenAuth: `node openauth.js [DYNAMODB-URL]`. Without a URL, it stores everything in memory.
//
// Its access tokens are JSON Web Tokens, and it has no introspection: that is how the library is made. The provider asks the
// user nothing, and checks the client's secret.
import { createHash, timingSafeEqual } from 'node:crypto';
import { serve } from '@hono/node-server';
import { issuer } from '@openauthjs/openauth';
import { DynamoStorage } from '@openauthjs/openauth/storage/dynamo';
import { MemoryStorage } from '@openauthjs/openauth/storage/memory';
import { createSubjects } from '@openauthjs/openauth/subject';

import { app, service, user } from './clients.js';

const [dynamodb] = process.argv.slice(2);
if (dynamodb) {
  const [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION] = ['bench', 'bench', 'us-east-1'];
  Object.assign(process.env, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION });
}

const sha256 = (text) => createHash('sha256').update(text).digest();
const digest = sha256(service.secret);

const automatic = {
  type: 'automatic',
  init(routes, { success }) {
    routes.get('/authorize', (context) => success(context, { id: user }));
  },
  async client({ clientID, clientSecret }) {
    if (clientID !== service.id || !timingSafeEqual(sha256(clientSecret), digest)) throw new Error('unknown client');
    return { id: clientID };
  },
};

const schema = { '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value }) } };
const server = issuer({
  providers: { automatic },
  subjects: createSubjects({ user: schema }),
  storage: dynamodb ? DynamoStorage({ table: 'openauth', endpoint: dynamodb }) : MemoryStorage(),
  allow: async ({ clientID, redirectURI }) => clientID === app.id && redirectURI === app.redirect_uri,
  success: (context, { id }) => context.subject('user', { id }),
});

serve({ fetch: server.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  console.log(`listening on http://127.0.0.1:${port}`);
  // The library logs two lines for each request, and has no option for it. The other servers log none.
  console.log = () => {};
});
