// A small SCIM 2.0 server on npm's `scimmy-routers`, with users and groups in memory. Run by the test
// kit: node scim.mjs PORT READING WRITING HOW
//
// READING is a bearer token that may only read, WRITING one that may also write. HOW is `honest`, or
// `lies`: it then answers every change of `active` as if it were done, and does nothing.

import { randomUUID } from 'node:crypto';

import express from 'express';
import SCIMMY from 'scimmy';
import SCIMMYRouters from 'scimmy-routers';

const [port, reading, writing, how] = process.argv.slice(2);
const users = new Map();
const groups = new Map();

const found = (store, resource) => {
  if (resource.id === undefined) {
    const all = [...store.values()];
    return resource.filter ? resource.filter.match(all) : all;
  }
  const one = store.get(resource.id);
  if (!one) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
  return one;
};

const kept = (store, resource, data, changed = (it) => it) => {
  const id = resource.id ?? randomUUID();
  const before = store.get(id);
  if (resource.id !== undefined && !before) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
  const now = new Date();
  const meta = { created: before?.meta.created ?? now, lastModified: now };
  const after = { ...JSON.parse(JSON.stringify(data)), id, meta };
  store.set(id, changed(after, before));
  return after;
};

const gone = (store, resource) => {
  if (!store.delete(resource.id)) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
};

SCIMMY.Resources.declare(SCIMMY.Resources.User)
  .ingress((resource, data) => kept(users, resource, data, (after, before) => (
    how === 'lies' && before ? { ...after, active: before.active } : after
  )))
  .egress((resource) => found(users, resource))
  .degress((resource) => gone(users, resource));
SCIMMY.Resources.declare(SCIMMY.Resources.Group)
  .ingress((resource, data) => kept(groups, resource, data))
  .egress((resource) => found(groups, resource))
  .degress((resource) => gone(groups, resource));

const app = express();
app.use((request, response, next) => {
  const allowed = request.header('authorization') !== `Bearer ${reading}` || request.method === 'GET';
  if (allowed) return next();
  return response.status(403).type('application/scim+json').send(JSON.stringify({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '403', detail: 'this token may only read',
  }));
});
app.use('/scim/v2', new SCIMMYRouters({
  type: 'bearer',
  handler: (request) => {
    const shown = request.header('authorization');
    if (shown !== `Bearer ${reading}` && shown !== `Bearer ${writing}`) throw new Error('not a token of this server');
    return 'severance';
  },
}));
app.listen(Number(port), '127.0.0.1');
