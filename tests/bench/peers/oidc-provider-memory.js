// An adapter of oidc-provider over a Map. The library's own, which is for development, stores 1,000 items, and the time of a
// write grows with the number of a grant's tokens.
const items = new Map();
const ids = { grantId: new Map(), uid: new Map(), userCode: new Map() };

export class MemoryAdapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    const key = this.key(id);
    items.set(key, payload);
    if (payload.grantId) {
      const tokens = ids.grantId.get(payload.grantId);
      if (tokens) tokens.push(key);
      else ids.grantId.set(payload.grantId, [key]);
    }
    if (payload.uid) ids.uid.set(payload.uid, key);
    if (payload.userCode) ids.userCode.set(payload.userCode, key);
  }

  async find(id) {
    return items.get(this.key(id));
  }

  async findByUid(uid) {
    return items.get(ids.uid.get(uid));
  }

  async findByUserCode(userCode) {
    return items.get(ids.userCode.get(userCode));
  }

  async consume(id) {
    items.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    items.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const key of ids.grantId.get(grantId) ?? []) items.delete(key);
    ids.grantId.delete(grantId);
  }
}
