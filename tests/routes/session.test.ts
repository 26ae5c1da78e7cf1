import { expect, test } from "vitest";
import { CLICKED, FETCHED, pathOf, usePool } from "../support/kit";

const pool = usePool();

/** What the kit makes of these tokens in cookies. */
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

test("CS-09 a new e-mail address makes no new user, and the same address no same user", async () => {
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
])("CS-10 an address whose email_verified is %s is passed on as such", async (_title, claim, emailVerified) => {
  expect((await sessionOf({ id: { email_verified: claim } }))?.user.emailVerified).toBe(emailVerified);
});

test.each(["name", "picture", "email"])("NX-22 a user's %s is text, or not there at all", async (member) => {
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

test("CK-24 a frame, where no cookie of a session would come back, starts no sign-in", async () => {
  const kit = await pool.load();
  const browser = pool.browser(kit);
  const frame = { ...CLICKED, "sec-fetch-dest": "iframe" };
  expect((await browser.login("/auth/login", frame)).status).toBe(401);
  expect((await browser.visit("/dashboard", frame)).status).toBe(401);
  expect(browser.names()).toEqual([]);
});

test.each(["/api/me", "/api/activities/home"])(
  "NX-17 middleware lets %s answer for itself, in every case",
  async (path) => {
    const kit = await pool.load();
    const browser = pool.browser(kit);
    for (const headers of [FETCHED, CLICKED, { accept: "application/json" }, { authorization: "Bearer nonsense" }]) {
      const answer = await browser.visit(path, headers as Record<string, string>);
      expect([answer.headers.get("x-middleware-next"), answer.headers.get("location")]).toEqual(["1", null]);
    }
    expect(pathOf(await browser.visit("/dashboard"))).toContain("/auth/login");
  },
);
