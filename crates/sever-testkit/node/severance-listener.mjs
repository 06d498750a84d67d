// What npm's `oidc-provider` issues, as JSON lines. The library writes no log of its own: paste this
// file beside your server and call `listen` once, before it takes requests:
//
//   import { listen } from './severance-listener.mjs';
//   listen(provider, { file: '/var/log/oidc-provider.jsonl' });
//
// Each line is written before the answer that it is about leaves the server, so that no token is used
// before its line stands in the file. Lines are numbered by node (`node`, `seq`), so that a lost one is
// seen, and a heartbeat shows that an idle server is alive. No token is written: a JWT by its claims
// (`jti`, `kid`, `iat`, `exp` …), an opaque one by its SHA-256.

import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { hostname } from 'node:os';

export function listen(provider, { file, heartbeatSecs = 30, ip = (ctx) => ctx.ip }) {
  // A restarted server counts anew, so it is another node.
  const node = `${hostname()}/${randomBytes(4).toString('hex')}`;
  let seq = 0;

  const write = (event, fields) => {
    seq += 1;
    const line = { time: new Date().toISOString(), event, issuer: provider.issuer, node, seq, ...fields };
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  };

  const asked = (ctx) => ({
    client: ctx.oidc.client?.clientId ?? ctx.oidc.params?.client_id,
    account: ctx.oidc.account?.accountId ?? ctx.oidc.session?.accountId,
    session: ctx.oidc.session?.uid,
    grant: ctx.oidc.params?.grant_type ?? ctx.oidc.params?.response_type,
    scope: ctx.oidc.params?.scope,
    ip: ip(ctx),
    user_agent: ctx.get('user-agent'),
  });

  // Access tokens are told by what was answered, for only the token itself names its key.
  const issued = (ctx, answer) => {
    if (typeof answer?.access_token === 'string') {
      write('access_token.issued', { ...asked(ctx), ...claims(answer.access_token), type: 'access' });
    }
    if (typeof answer?.refresh_token === 'string') {
      const seconds = ctx.oidc.entities.RefreshToken?.exp;
      write('refresh_token.issued', { ...asked(ctx), ...opaque(answer.refresh_token), exp: seconds, type: 'refresh' });
    }
  };

  provider.on('grant.success', (ctx) => {
    const used = ctx.oidc.params?.refresh_token;
    if (ctx.oidc.params?.grant_type === 'refresh_token' && typeof used === 'string') {
      write('refresh_token.used', { ...asked(ctx), ...opaque(used), type: 'refresh' });
    }
    issued(ctx, ctx.body);
  });
  provider.on('authorization.success', (ctx, answer) => {
    write('authorization.success', asked(ctx));
    issued(ctx, answer);
  });
  for (const event of ['grant.error', 'authorization.error']) {
    provider.on(event, (ctx, error) => write(event, { ...asked(ctx), error: error.error ?? error.message }));
  }
  provider.on('grant.revoked', (ctx) => write('grant.revoked', asked(ctx)));
  provider.on('end_session.success', (ctx) => write('end_session.success', asked(ctx)));

  setInterval(() => write('heartbeat', {}), heartbeatSecs * 1000).unref();
}

// What a token says of itself: its header's key and its own claims, unverified, for it is our own.
function claims(token) {
  const parts = token.split('.');
  if (parts.length !== 3) return opaque(token);
  const [header, body] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  const { jti, sub, aud, client_id: client, scope, iat, exp } = body;
  const said = { jti, kid: header.kid, sub, aud, client, scope, iat, exp };
  // What a token leaves out must not hide what was asked.
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

function opaque(token) {
  return { token_sha256: createHash('sha256').update(token).digest('hex') };
}
