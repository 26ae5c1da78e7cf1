const NEAREST: Record<string, string[]> = {
  authenticate: ["routes/refresh", "unit/cookies", "routes/api"],
  authorization: ["unit/edges", "routes/login", "routes/callback"],
  config: ["unit/config", "routes/issued"],
  cookies: ["unit/edges", "unit/cookies", "unit/seal"],
  encoding: ["routes/login", "unit/limits"],
  errors: ["unit/errors"],
  http: ["unit/errors", "routes/issued", "unit/keys"],
  "issued-tokens": ["routes/issued", "routes/id-token", "routes/refresh", "unit/keys"],
  keys: ["unit/keys"],
  logout: ["routes/logout"],
  memory: ["unit/memory", "unit/limits"],
  navigation: ["unit/navigation", "unit/errors", "unit/limits"],
  refresh: ["routes/refresh", "unit/limits"],
  responses: ["routes/api", "routes/login", "routes/logout", "routes/issued"],
  seal: ["unit/seal"],
  "session-cookies": ["unit/edges", "unit/cookies", "unit/properties"],
  session: ["routes/session", "routes/api"],
  "token-endpoint": ["unit/errors", "routes/id-token", "routes/refresh"],
  verify: ["unit/verify", "unit/keys", "routes/id-token"],
};

/** The tests that are most likely to notice a change of this file; what passes there is shown to all of them. */
export function nearestTests(path: string): string[] {
  const [, name = ""] = /([\w-]+)(?:\/route)?\.ts$/.exec(path) ?? [];
  return (NEAREST[name] ?? []).map((it) => `tests/${it}.test.ts`);
}
