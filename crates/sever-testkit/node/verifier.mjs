// An application that believes what an issuer signs, and answers 200 to whoever has a token of its own
// audience. How it comes by the keys is told to it: a number of milliseconds for which it caches those
// that are published, or `built-in:KEY_ID` for that one alone, for ever. Run by the test kit:
// node verifier.mjs PORT JWKS_URL AUDIENCE CACHE

import { createServer } from 'node:http';

import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose';

const [port, jwksUrl, audience, cache] = process.argv.slice(2);
const builtIn = async (keyId) => {
  const published = await (await fetch(jwksUrl)).json();
  return createLocalJWKSet({ keys: published.keys.filter((key) => key.kid === keyId) });
};
const keys = cache.startsWith('built-in:')
  ? await builtIn(cache.slice('built-in:'.length))
  : createRemoteJWKSet(new URL(jwksUrl), { cacheMaxAge: Number(cache), cooldownDuration: 0 });

createServer(async (request, response) => {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /i, '');
  try {
    const { payload } = await jwtVerify(token, keys, { audience });
    response.end(JSON.stringify({ welcome: payload.sub }));
  } catch (error) {
    response.statusCode = 401;
    response.end(JSON.stringify({ error: error.code ?? 'invalid_token' }));
  }
}).listen(Number(port), '127.0.0.1');
