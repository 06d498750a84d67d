// A small OpenID Connect provider on npm's `oidc-provider`: customers get JWT access tokens for the
// shop by their password, in the library's own example of a custom grant, or sign in at the client
// `desk`, which gets opaque ones, refresh tokens, and JWTs where it names the shop as `resource`. Run by
// the test kit: node oidc-provider.mjs PORT ISSUER KEY.pem KID LOG CUSTOMERS READING CUTTING [GATE SECRET]

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { createLocalJWKSet, jwtVerify } from 'jose';
import Provider, { errors } from 'oidc-provider';

import { Store, administer } from './severance-administration.mjs';
import { listen } from './severance-listener.mjs';
import { push } from './severance-push.mjs';

const [port, issuer, keyFile, kid, log, customers, reading, cutting, gate, secret] = process.argv.slice(2);
const key = { ...createPrivateKey(readFileSync(keyFile)).export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
const publicKey = { ...createPublicKey(readFileSync(keyFile)).export({ format: 'jwk' }), kid, alg: 'RS256' };
const known = new Set(Array.from({ length: Number(customers) }, (_, at) => `c${String(at).padStart(4, '0')}`));

const audience = 'https://shop.example/api';
const shop = (of) => ({
  audience: of, scope: 'orders', accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'RS256' } },
});
const isDesk = (client) => client?.clientId === 'desk';

const store = new Store();
const provider = new Provider(issuer, {
  adapter: store.adapter,
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
    {
      client_id: 'desk', client_secret: 'desk-of-a-test', redirect_uris: ['https://desk.shop.example/back'],
      response_types: ['code', 'none'], grant_types: ['authorization_code', 'refresh_token'],
      backchannel_logout_uri: `http://127.0.0.1:${port}/desk/logout`, backchannel_logout_session_required: true,
    },
  ],
  cookies: { keys: ['a key of a test'] },
  // The library tells no application on a loopback address anything, where the desk's is.
  fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => false },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, client) => (isDesk(client) ? undefined : audience),
      useGrantedResource: (ctx) => !isDesk(ctx.oidc.client),
      getResourceServerInfo: (_ctx, of) => shop(of),
    },
  },
  findAccount: (_ctx, id) => (known.has(id) ? { accountId: id, claims: () => ({ sub: id }) } : undefined),
});

// Each customer's password is their id backwards.
const isRight = (username, secret) => known.has(username) && secret === [...username].reverse().join('');

async function password(ctx) {
  const { username, password: secret } = ctx.oidc.params;
  if (!isRight(username, secret)) throw new errors.InvalidGrant('wrong password');
  const { client } = ctx.oidc;
  ctx.oidc.entity('Account', { accountId: username, claims: () => ({ sub: username }) });
  const token = new provider.AccessToken({ accountId: username, client, gty: 'password', scope: 'orders' });
  token.resourceServer = new provider.ResourceServer(audience, shop(audience));
  ctx.oidc.entity('AccessToken', token);
  ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration };
}
provider.registerGrantType('password', password, ['username', 'password', 'scope']);

async function formOf(ctx) {
  const chunks = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

// The page that asks for a name and password, and for consent to all that is asked for.
async function interaction(ctx, next) {
  if (ctx.method !== 'POST' || !ctx.path.startsWith('/interaction/')) return next();
  const form = await formOf(ctx);
  const accountId = form.get('username');
  if (!isRight(accountId, form.get('password'))) {
    ctx.status = 403;
    return undefined;
  }
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  grant.addResourceScope(audience, 'orders');
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: false }));
  return undefined;
}
provider.use(interaction);

// The application of the client `desk`, as far as it can be told that a session has ended: whose it was,
// it tells to whoever asks.
const loggedOut = [];
async function desk(ctx, next) {
  if (ctx.path !== '/desk/logout') return next();
  if (ctx.method === 'POST') {
    const keys = createLocalJWKSet({ keys: [publicKey] });
    const token = (await formOf(ctx)).get('logout_token');
    const { payload } = await jwtVerify(token, keys, { issuer, audience: 'desk', typ: 'logout+jwt' });
    loggedOut.push(payload.sub);
  }
  ctx.body = loggedOut;
  return undefined;
}
provider.use(desk);

provider.on('server_error', (_ctx, error) => console.error(error));
listen(provider, { file: log, heartbeatSecs: 1 });
if (gate !== undefined) push(provider, { url: gate, secret, heartbeatSecs: 1 });
administer(provider, store, { reading, cutting, isKnown: (id) => known.has(id) });
provider.listen(Number(port), '127.0.0.1');
