// Tells Severance's gate what npm's `oidc-provider` is about to give out, and lets no token leave before the
// gate has said that it knows it. Paste this file beside your server and call `push` once, before it takes
// requests:
//
//   import { push } from './severance-push.mjs';
//   push(provider, { url: 'http://127.0.0.1:8470/issued', secret: process.env.GATE_SECRET });
//
// While the gate does not answer, nobody gets a token: the answer is 503 `temporarily_unavailable` after
// `patienceMs`. Lines are those of `severance-listener.mjs`, numbered by node and sent in their order, as many
// at a time as have gathered, again and again until the gate takes them: so that a missing number is a lost
// line. No token is sent: a JWT by its claims, an opaque one by its SHA-256.

import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

const WAITING_MAX = 10_000;
const TOGETHER_MAX = 500;
const AGAIN_MS = 200;

export function push(provider, { url, secret, heartbeatSecs = 30, patienceMs = 2_000 }) {
  // A restarted server counts anew, so it is another node.
  const node = `${hostname()}/${randomBytes(4).toString('hex')}`;
  let seq = 0;
  let waiting = [];
  let sending = false;

  const line = (event, fields) => {
    seq += 1;
    return { time: new Date().toISOString(), event, issuer: provider.issuer, node, seq, ...fields };
  };

  const post = async (lines) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/x-ndjson' },
      body: lines.map((one) => JSON.stringify(one)).join('\n'),
      signal: AbortSignal.timeout(patienceMs),
    });
    if (!answer.ok) throw new Error(`the gate answered ${answer.status}`);
  };

  const send = async () => {
    if (sending) return;
    sending = true;
    while (waiting.length > 0) {
      const together = waiting.slice(0, TOGETHER_MAX);
      try {
        await post(together.map(({ said }) => said));
        waiting = waiting.slice(together.length);
        for (const { known } of together) known();
      } catch (error) {
        console.error(`not told to the gate yet: ${error.message}`);
        await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
      }
    }
    sending = false;
  };

  // Resolves when the gate knows all of the lines; rejects when that takes too long.
  const told = (lines) => new Promise((resolve, reject) => {
    if (waiting.length + lines.length > WAITING_MAX) {
      reject(new Error('too much waits to be told'));
      return;
    }
    const timer = setTimeout(() => reject(new Error('the gate does not answer')), patienceMs);
    let left = lines.length;
    const known = () => {
      left -= 1;
      if (left > 0) return;
      clearTimeout(timer);
      resolve();
    };
    for (const said of lines) waiting.push({ said, known });
    send();
  });

  provider.use(async (ctx, next) => {
    await next();
    const { body } = ctx;
    const given = [];
    if (ctx.oidc === undefined || ctx.status !== 200 || typeof body !== 'object' || body === null) return;
    const asked = { client: ctx.oidc.client?.clientId, account: ctx.oidc.account?.accountId };
    if (typeof body.access_token === 'string') {
      given.push(line('access_token.issued', { ...asked, ...claims(body.access_token), type: 'access' }));
    }
    if (typeof body.refresh_token === 'string') {
      const exp = ctx.oidc.entities.RefreshToken?.exp;
      given.push(line('refresh_token.issued', { ...asked, ...opaque(body.refresh_token), exp, type: 'refresh' }));
    }
    if (given.length === 0) return;
    try {
      await told(given);
    } catch (error) {
      console.error(`a token was held back: ${error.message}`);
      ctx.status = 503;
      ctx.body = { error: 'temporarily_unavailable' };
    }
  });

  setInterval(() => { told([line('heartbeat', {})]).catch(() => {}); }, heartbeatSecs * 1000).unref();
}

// What a token says of itself: its header's key and its own claims, unverified, for it is our own.
function claims(token) {
  const parts = token.split('.');
  if (parts.length !== 3) return opaque(token);
  const [header, body] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  const { jti, sub, aud, client_id: client, scope, iat, exp } = body;
  const said = { jti, kid: header.kid, sub, aud, client, scope, iat, exp };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

function opaque(token) {
  return { token_sha256: createHash('sha256').update(token).digest('hex') };
}
