const NEAREST: Record<string, string[]> = {
  authenticate: ["unit/authenticate", "unit/cookies", "unit/verify", "routes/api", "routes/refresh"],
  authorization: ["unit/edges", "unit/link", "routes/login", "routes/callback"],
  config: ["unit/config", "routes/issued"],
  cookies: ["unit/edges", "unit/cookies", "unit/seal", "unit/properties"],
  encoding: ["unit/encoding", "routes/login", "unit/limits"],
  errors: ["unit/errors"],
  http: ["unit/errors", "routes/issued", "unit/keys"],
  "issued-tokens": ["routes/issued", "routes/id-token", "routes/refresh", "unit/keys"],
  keys: ["unit/key-set", "unit/keys", "unit/abandoned", "routes/counters"],
  logout: ["routes/logout"],
  memory: ["unit/memory", "unit/limits"],
  navigation: ["unit/navigation", "unit/errors", "unit/limits"],
  refresh: ["routes/outage", "routes/refresh", "routes/logout", "unit/abandoned", "unit/limits"],
  responses: ["routes/api", "routes/login", "routes/logout", "routes/issued"],
  seal: ["unit/seal", "routes/counters"],
  "session-cookies": ["unit/edges", "unit/cookies", "unit/properties", "routes/counters"],
  session: ["routes/session", "routes/api"],
  "token-endpoint": ["unit/errors", "routes/id-token", "routes/refresh"],
  verify: ["unit/verify", "routes/id-token", "unit/keys", "routes/counters"],
};

/** The tests most likely to notice a change of this file, the quick ones first; what passes there is shown to all. */
export function nearestTests(path: string): string[] {
  const [, name = ""] = /([\w-]+)(?:\/route)?\.ts$/.exec(path) ?? [];
  return (NEAREST[name] ?? []).map((it) => `tests/${it}.test.ts`);
}
