import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Browser, type Kit, ORIGIN, usePool } from "../../support/kit";

const pool = usePool();

let kit: Kit;
let browser: Browser;
beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  kit = await pool.load();
  browser = pool.browser(kit);
});

afterEach(() => {
  pool.cognito.clearFaults();
  vi.restoreAllMocks();
});

test("ID-18 CB-19 a good ID token of another user adds nothing to a session", async () => {
  const route = kit.api.withSession((_request: Request, { user, claims, idClaims }) =>
    Response.json({ user, claims, idClaims }),
  );
  const call = (headers: Record<string, string>) => route(new Request(ORIGIN, { headers }), null);
  const signIn = { claims: { origin_jti: crypto.randomUUID(), auth_time: Math.floor(Date.now() / 1000) } };
  const tokens = [await pool.cognito.idTokenFor("ada", signIn), await pool.cognito.idTokenFor("grace", signIn)];
  const access = `__Host-auth.access=${await pool.cognito.accessTokenFor("ada", signIn)}`;
  const answers = await Promise.all(tokens.map((id) => call({ cookie: `${access}; __Host-auth.id=${id}` })));
  const [own, others] = await Promise.all(answers.map((answer) => answer.json()));
  expect(own).toMatchObject({ user: { username: "ada", name: "Ada Lovelace" }, idClaims: { name: "Ada Lovelace" } });
  expect(others).toEqual({ user: { sub: own.user.sub, username: "ada" }, claims: own.claims, idClaims: null });
  const cookie = `${access}; __Host-auth.id=${tokens[1]}`;
  expect(await kit.core.authenticate(new Headers({ cookie }), kit.config(), "never")).toMatchObject({
    idToken: null,
  });
});

test("AT-12 ID-18 an ID token of another session of the same user is left out, and reported", async () => {
  const cookies = [await pool.cognito.accessTokenFor("ada"), await pool.cognito.idTokenFor("ada")];
  const cookie = `__Host-auth.access=${cookies[0]}; __Host-auth.id=${cookies[1]}`;
  const auth = await kit.core.authenticate(new Headers({ cookie }), kit.config(), "never");
  const events = [{ type: "id_token_dropped", code: "token_invalid" }];
  expect(auth).toMatchObject({ status: "signed_in", idToken: null, session: { idClaims: null }, events });
});

test("AT-12 an ID token whose key cannot be fetched makes the session unknown, not one without an ID token", async () => {
  const signIn = { claims: { origin_jti: crypto.randomUUID(), auth_time: Math.floor(Date.now() / 1000) } };
  const access = await pool.cognito.accessTokenFor("ada", signIn);
  const known = new Headers({ cookie: `__Host-auth.access=${access}` });
  expect((await kit.core.authenticate(known, kit.config(), "never")).status).toBe("signed_in");
  await pool.cognito.rotateKeys({ keepOld: true });
  pool.cognito.fault("jwks", { status: 500 });
  const cookie = `__Host-auth.access=${access}; __Host-auth.id=${await pool.cognito.idTokenFor("ada", signIn)}`;
  const auth = await kit.core.authenticate(new Headers({ cookie }), kit.config(), "never");
  pool.cognito.clearFaults();
  expect(auth).toMatchObject({ status: "unknown", error: { code: "keys_unavailable" } });
});

test("RF-09 keep the session when no ID token is among them, without what the ID token said", async () => {
  await browser.signIn();
  for (const kind of ["access", "id"]) browser.drop(`__Host-auth.${kind}`);
  pool.cognito.fault("token", { transform: ({ id_token: _, ...others }) => others });
  expect((await browser.visit("/dashboard")).status).toBe(200);
  const auth = await kit.core.authenticate(new Headers({ cookie: browser.cookieHeader }), kit.config(), "never");
  expect(auth).toMatchObject({ status: "signed_in", idToken: null, session: { idClaims: null } });
});
