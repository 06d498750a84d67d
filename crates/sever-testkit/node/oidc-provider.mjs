// A small OpenID Connect provider on npm's `oidc-provider`: customers get JWT access tokens for the
// shop by their password, in the library's own example of a custom grant. Run by the test kit:
// node oidc-provider.mjs PORT ISSUER KEY.pem KID LOG CUSTOMERS

import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

import Provider, { errors } from 'oidc-provider';

import { listen } from './severance-listener.mjs';

const [port, issuer, keyFile, kid, log, customers] = process.argv.slice(2);
const key = { ...createPrivateKey(readFileSync(keyFile)).export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
const known = new Set(Array.from({ length: Number(customers) }, (_, at) => `c${String(at).padStart(4, '0')}`));

const audience = 'https://shop.example/api';
const shop = (of) => ({
  audience: of, scope: 'orders', accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'RS256' } },
});

const provider = new Provider(issuer, {
  jwks: { keys: [key] },
  clients: [
    {
      client_id: 'shop', client_secret: 'shop-of-a-test', redirect_uris: [], response_types: [],
      grant_types: ['password'],
    },
    {
      client_id: 'batch', client_secret: 'batch-of-a-test', redirect_uris: [], response_types: [],
      grant_types: ['client_credentials'],
    },
  ],
  cookies: { keys: ['a key of a test'] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, of) => shop(of),
    },
  },
  findAccount: (_ctx, id) => (known.has(id) ? { accountId: id, claims: () => ({ sub: id }) } : undefined),
});

// Each customer's password is their id backwards.
async function password(ctx) {
  const { username, password: secret } = ctx.oidc.params;
  if (!known.has(username) || secret !== [...username].reverse().join('')) {
    throw new errors.InvalidGrant('wrong password');
  }
  const { client } = ctx.oidc;
  ctx.oidc.entity('Account', { accountId: username, claims: () => ({ sub: username }) });
  const token = new provider.AccessToken({ accountId: username, client, gty: 'password', scope: 'orders' });
  token.resourceServer = new provider.ResourceServer(audience, shop(audience));
  ctx.oidc.entity('AccessToken', token);
  ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration };
}
provider.registerGrantType('password', password, ['username', 'password', 'scope']);

provider.on('server_error', (_ctx, error) => console.error(error));
listen(provider, { file: log, heartbeatSecs: 1 });
provider.listen(Number(port), '127.0.0.1');
