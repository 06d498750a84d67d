// What somebody holds at a server on npm's `oidc-provider`, to be listed and taken away. The library has
// no interface for that: paste this file beside your server, keep its things in your own database instead
// of the `Store` here, and mount it:
//
//   import { Store, administer } from './severance-administration.mjs';
//   const store = new Store();
//   const provider = new Provider(issuer, { adapter: store.adapter, … });
//   administer(provider, store, { reading: '…', cutting: '…', isKnown: (account) => … });
//
// Asked with a bearer token of its own (`reading` may GET, `cutting` may DELETE too):
//
//   GET    /administration/accounts/{account}  404 where nobody has that id, else
//          { "sessions":       [{ "uid", "sha256", "iat", "exp" }],
//            "refresh_tokens": [{ "sha256", "grant", "client", "iat", "exp" }],
//            "access_tokens":  [{ "sha256" | "jti", "grant", "client", "iat", "exp", "format" }] }
//   DELETE /administration/sessions/{uid}      204, or 404 where there is none
//   DELETE /administration/grants/{grant}      204: the grant and every token of it; 404 where there is none
//
// No secret is in an answer: a session and an opaque token stand by the SHA-256 of what opens them, a
// JWT (`format` is `jwt`) by its `jti`. A JWT is believed until `exp`, whatever is taken away here.

import { createHash, timingSafeEqual } from 'node:crypto';

// What a server keeps, in memory. The names are the library's: one kind per model.
export class Store {
  #kept = new Map();

  constructor() {
    const kept = this.#kept;
    const now = () => Math.floor(Date.now() / 1000);
    this.adapter = class {
      constructor(kind) {
        this.kind = kind;
        if (!kept.has(kind)) kept.set(kind, new Map());
      }

      get mine() { return kept.get(this.kind); }

      async upsert(id, payload, expiresIn) {
        this.mine.set(id, { payload, exp: expiresIn ? now() + expiresIn : Infinity });
      }

      async find(id) {
        const it = this.mine.get(id);
        return it && it.exp > now() ? it.payload : undefined;
      }

      async #first(fits) {
        for (const { payload, exp } of this.mine.values()) if (exp > now() && fits(payload)) return payload;
        return undefined;
      }

      async findByUid(uid) { return this.#first((it) => it.uid === uid); }

      async findByUserCode(code) { return this.#first((it) => it.userCode === code); }

      async consume(id) {
        const it = this.mine.get(id);
        if (it) it.payload.consumed = now();
      }

      async destroy(id) { this.mine.delete(id); }

      async revokeByGrantId(grant) {
        for (const [id, { payload }] of this.mine) if (payload.grantId === grant) this.mine.delete(id);
      }
    };
    this.of = (kind, account) => {
      const live = [...(kept.get(kind) ?? new Map())].filter(([, it]) => it.exp > now());
      return live.filter(([, { payload }]) => payload.accountId === account).map(([id, { payload, exp }]) => (
        { id, ...payload, exp: payload.exp ?? exp }
      ));
    };
  }
}

export function administer(provider, store, { reading, cutting, isKnown }) {
  // The library forgets the JWTs that it signs; when they end must be known when somebody leaves.
  const signed = new store.adapter('SignedAccessToken');
  const sign = (token) => {
    if (token.format !== 'jwt' && token.resourceServer?.accessTokenFormat !== 'jwt') return;
    const { jti, accountId, clientId, grantId, iat, exp } = token;
    signed.upsert(jti, { jti, accountId, clientId, grantId, iat, exp }, token.remainingTTL);
  };
  provider.on('access_token.issued', sign);

  const live = (it) => it.consumed === undefined;
  const shown = (it) => ({ grant: it.grantId, client: it.clientId, iat: it.iat, exp: it.exp });
  const holds = (account) => ({
    sessions: store.of('Session', account).map((it) => ({ uid: it.uid, sha256: digest(it.id), iat: it.iat, exp: it.exp })),
    refresh_tokens: store.of('RefreshToken', account).filter(live).map((it) => ({ sha256: digest(it.id), ...shown(it) })),
    access_tokens: [
      ...store.of('AccessToken', account).map((it) => ({ sha256: digest(it.id), format: 'opaque', ...shown(it) })),
      ...store.of('SignedAccessToken', account).map((it) => ({ jti: it.jti, format: 'jwt', ...shown(it) })),
    ],
  });

  const endSession = async (uid) => {
    const session = await provider.Session.findByUid(uid);
    if (!session) return false;
    await session.destroy();
    return true;
  };
  const revokeGrant = async (id) => {
    const grant = await provider.Grant.find(id);
    for (const kind of ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'DeviceCode']) {
      await provider[kind].revokeByGrantId(id);
    }
    await grant?.destroy();
    return grant !== undefined;
  };

  provider.use(async (ctx, next) => {
    const [, place, kind, text, more] = ctx.path.split('/');
    if (place !== 'administration') return next();
    const bearer = ctx.get('authorization').replace(/^Bearer /i, '');
    const may = same(bearer, cutting) || (same(bearer, reading) && ctx.method === 'GET');
    if (!may) {
      ctx.status = same(bearer, reading) ? 403 : 401;
      ctx.body = { error: ctx.status === 403 ? 'insufficient_scope' : 'invalid_token' };
      return undefined;
    }
    const id = decodeURIComponent(text ?? '');
    if (more === undefined && ctx.method === 'GET' && kind === 'accounts' && await isKnown(id)) {
      ctx.body = holds(id);
    } else if (more === undefined && ctx.method === 'DELETE' && (kind === 'sessions' || kind === 'grants')) {
      ctx.status = await (kind === 'sessions' ? endSession(id) : revokeGrant(id)) ? 204 : 404;
    } else {
      ctx.status = 404;
      ctx.body = { error: 'not_found' };
    }
    return undefined;
  });
}

const digest = (text) => createHash('sha256').update(text).digest('hex');

const same = (one, other) => {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a, b);
};
