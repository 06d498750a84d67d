// The application behind the gateway: answers a customer with their own order, if the token they
// present is signed by a key that the issuer publishes. It tells the gateway, in headers of its answer,
// what it verified; whether the token was ever issued it does not ask. Run by the test kit:
// node shop.mjs PORT ISSUER JWKS_URL

import { createServer } from 'node:http';

import { createRemoteJWKSet, jwtVerify } from 'jose';

const [port, issuer, jwksUrl] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(jwksUrl));

createServer(async (request, response) => {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /i, '');
  try {
    const verified = await jwtVerify(token, keys, { issuer, audience: 'https://shop.example/api' });
    const { payload, protectedHeader } = verified;
    const told = {
      Iss: payload.iss, Aud: payload.aud, Jti: payload.jti, Kid: protectedHeader.kid, Sub: payload.sub,
      Client: payload.client_id, Iat: payload.iat, Exp: payload.exp,
    };
    for (const [name, value] of Object.entries(told)) {
      if (value !== undefined) response.setHeader(`X-Token-${name}`, String(value));
    }
    // Whose data is in the answer: a program that asks in its own name gets a count of orders.
    const own = payload.sub === payload.client_id;
    response.setHeader('X-Data-Subjects', own ? '' : payload.sub);
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(own ? { orders: 200 } : { customer: payload.sub, street: 'Example Street 1' }));
  } catch (error) {
    response.statusCode = 401;
    response.end(JSON.stringify({ error: error.code ?? 'invalid_token' }));
  }
}).listen(Number(port), '127.0.0.1');
