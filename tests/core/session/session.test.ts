import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Fault } from "../../cognito";
import { usePool } from "../../support/kit";

const pool = usePool();
beforeEach(() => void vi.spyOn(console, "info").mockReturnValue());
afterEach(() => {
  pool.cognito.clearFaults();
  vi.restoreAllMocks();
});

/** The session that the kit reads from these tokens in cookies. */
async function sessionOf(claims: { access?: object; id?: object }, username = "ada") {
  const kit = await pool.load();
  const clientId = kit.config().clientId;
  const signIn = { origin_jti: crypto.randomUUID(), auth_time: Math.floor(Date.now() / 1000) };
  const overrides = (more: object = {}) => ({ clientId, claims: { ...signIn, ...more } });
  const access = await pool.cognito.accessTokenFor(username, overrides(claims.access));
  const id = await pool.cognito.idTokenFor(username, overrides(claims.id));
  const headers = new Headers({ cookie: `__Host-auth.access=${access}; __Host-auth.id=${id}` });
  const auth = await kit.core.authenticate(headers, kit.config(), "never");
  return auth.status === "signed_in" ? auth.session : null;
}

test("CS-09 an e-mail address does not identify a user: it can change, and two users can have the same one", async () => {
  const before = await sessionOf({});
  const renamed = await sessionOf({ id: { email: "new@example.com" } });
  const other = await sessionOf({ id: { email: before?.user.email } }, "grace");
  expect(renamed?.user).toMatchObject({ sub: before?.user.sub, email: "new@example.com" });
  expect(other?.user.email).toBe(before?.user.email);
  expect(other?.user.sub).not.toBe(before?.user.sub);
});

test.each([
  ["true", true, true],
  ["false", false, false],
  ["missing", undefined, undefined],
  ['the text "true"', "true", undefined],
])("CS-10 the session shows whether the e-mail address is verified: %s", async (_title, claim, emailVerified) => {
  expect((await sessionOf({ id: { email_verified: claim } }))?.user.emailVerified).toBe(emailVerified);
});

test.each(["name", "picture", "email"])("NX-22 a user's %s is text or absent", async (member) => {
  const userWith = async (value: unknown) => (await sessionOf({ id: { [member]: value } }))?.user;
  expect(await userWith("some text")).toHaveProperty(member, "some text");
  for (const value of [7, true, null, ["x"], { x: "y" }, undefined]) {
    expect(Object.keys((await userWith(value)) ?? { [member]: "" })).not.toContain(member);
  }
});

test("a user without e-mail has no emailVerified", async () => {
  const session = await sessionOf({ id: { email_verified: undefined } });
  expect(Object.keys(session?.user ?? {})).toEqual(["sub", "username", "email", "name"]);
});

test("CS-08 a session says whether it stands for a person or a program", async () => {
  const kit = await pool.load();
  const kindOf = async (token: string) => {
    const headers = new Headers({ authorization: `Bearer ${token}` });
    const auth = await kit.core.authenticate(headers, kit.config(), "never");
    return auth.status === "signed_in" ? auth.session.kind : auth.status;
  };
  expect(await kindOf(await pool.cognito.accessTokenFor("ada", { clientId: "mobile12345" }))).toBe("user");
  expect(await kindOf(await pool.cognito.machineToken("machine12345"))).toBe("machine");
});

/** The session of a browser that signs in while the token endpoint changes its response. */
async function signInWith(fault: Fault) {
  const kit = await pool.load();
  const browser = pool.browser(kit);
  pool.cognito.fault("token", fault);
  await browser.signIn("ada");
  const auth = await kit.core.authenticate(new Headers({ cookie: browser.cookieHeader }), kit.config(), "never");
  return { browser, session: auth.status === "signed_in" ? auth.session : null };
}

const shapes = ["admins", { admins: true }, ["admins", 5], [["admins"]], 5, null].map((groups) => ({ groups }));

test.each(shapes)("ID-21 the claim $groups gives a user no groups", async ({ groups }) => {
  const claimed = (claims: object) => ({ ...claims, "cognito:groups": groups });
  const { browser, session } = await signInWith({ claims: { id: claimed, access: claimed } });
  expect(session?.groups).toEqual([]);
  expect((await browser.visit("/admin")).status).toBe(403);
});

test("TK-10 a session has the scopes of its access token, not the requested or announced ones", async () => {
  const granted = (scope: string) => (all: object) => ({ ...all, scope });
  const transform = granted("openid email profile admin");
  const { session } = await signInWith({ claims: { access: granted("openid") }, transform });
  expect(session?.scopes).toEqual(["openid"]);
});
