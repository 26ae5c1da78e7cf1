import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { CLICKED, FETCHED, type Kit, TYPED, usePool } from "../support/kit";

const FIRST = "https://app.example";
const SECOND = "https://shop.example:8443";
const addresses = [FIRST, SECOND];
const pool = usePool({
  env: { APP_BASE_URL: addresses.join(", ") },
  client: { callbackUrls: addresses.map((it) => `${it}/auth/callback`), logoutUrls: addresses },
});
let kit: Kit;

beforeAll(async () => {
  kit = await pool.load();
});
beforeEach(() => void vi.spyOn(console, "info").mockReturnValue());

const browser = () => pool.browser(kit);
const locationOf = (response: Response) => response.headers.get("location") ?? "";
const callbackOf = async (headers: Record<string, string>) => {
  const answer = await browser().login("/auth/login", { ...CLICKED, ...headers });
  return new URL(locationOf(answer)).searchParams.get("redirect_uri");
};

describe("NW-05 with several addresses", () => {
  test.each([
    ["X-Forwarded-Host", { "x-forwarded-host": "shop.example:8443" }, SECOND],
    ["the first element of X-Forwarded-Host", { "x-forwarded-host": "SHOP.example:8443, app.example" }, SECOND],
    ["Host", { host: "shop.example:8443" }, SECOND],
    ["X-Forwarded-Host before Host", { host: "shop.example:8443", "x-forwarded-host": "app.example" }, FIRST],
    ["a Host with the default port", { host: "app.example:443" }, FIRST],
    [
      "Host when X-Forwarded-Host is not listed",
      { host: "shop.example:8443", "x-forwarded-host": "evil.example" },
      SECOND,
    ],
    ["the first entry for an unknown Host", { host: "evil.example" }, FIRST],
    ["the first entry for a Host with another port", { host: "shop.example" }, FIRST],
    ["the first entry for a Host that is no host", { host: "shop.example:8443/@evil.example?" }, FIRST],
    ["the first entry for a Host with a user", { host: "shop.example:8443@evil.example" }, FIRST],
    ["the first entry without a Host", {}, FIRST],
  ])("a sign-in comes back to the address of %s", async (_what, headers, address) => {
    expect(await callbackOf(headers)).toBe(`${address}/auth/callback`);
  });

  test("a sign-in, a guarded page and a sign-out stay at the address of the browser", async () => {
    const visitor = browser();
    const at = { host: "shop.example:8443" };
    const challenge = await visitor.visit("/dashboard", { ...TYPED, ...at });
    expect(locationOf(challenge)).toBe(`${SECOND}/auth/login?returnTo=%2Fdashboard`);
    const login = await visitor.login("/auth/login?returnTo=/dashboard", { ...CLICKED, ...at });
    const callback = await pool.cognito.authorize(locationOf(login), "ada");
    expect(callback.startsWith(`${SECOND}/auth/callback?`)).toBe(true);
    const answer = await visitor.callback(callback, { ...TYPED, ...at });
    expect(locationOf(answer)).toBe(`${SECOND}/dashboard`);
    expect((await visitor.visit("/dashboard", { ...TYPED, ...at })).headers.get("x-middleware-next")).toBe("1");
    expect(locationOf(await visitor.signOut({ ...CLICKED, ...at }))).toContain(encodeURIComponent(SECOND));
  });

  test("CS-02 the origin of one address may not post to another", async () => {
    const visitor = browser();
    const at = { host: "shop.example:8443" };
    await visitor.login("/auth/login", { ...CLICKED, ...at });
    const post = (origin: string) => {
      const request = visitor.request("/auth/logout", { accept: "text/html", origin, ...at }, { method: "POST" });
      return kit.logout.POST(request);
    };
    expect((await post(FIRST)).status).toBe(403);
    expect((await post(SECOND)).status).toBe(303);
  });

  test("a forged header never brings an address into an answer that is not listed", async () => {
    const forged = { host: "evil.example", "x-forwarded-host": "evil.example:1", forwarded: "host=evil.example" };
    const visitor = browser();
    const answers = [
      await visitor.login("/auth/login?returnTo=/x", { ...CLICKED, ...forged }),
      await visitor.visit("/dashboard", { ...TYPED, ...forged }),
      await visitor.visit("/dashboard", { ...FETCHED, ...forged }),
      await visitor.callback("/auth/callback?code=1&state=2", { ...TYPED, ...forged }),
      await visitor.signOut({ ...CLICKED, ...forged }),
    ];
    for (const answer of answers) {
      expect(JSON.stringify([...answer.headers]) + (await answer.text())).not.toContain("evil");
    }
  });
});

test("NW-05 one address serves every Host, as before", async () => {
  const single = await pool.load({ APP_BASE_URL: FIRST });
  const visitor = pool.browser(single);
  const answer = await visitor.login("/auth/login", { ...CLICKED, host: "10.0.0.7:3000" });
  expect(new URL(locationOf(answer)).searchParams.get("redirect_uri")).toBe(`${FIRST}/auth/callback`);
  kit = await pool.load();
});

test.each([
  ["another scheme", "https://app.example, http://localhost:3000"],
  ["another path", "https://app.example, https://shop.example/app"],
  ["an entry that is no address", "https://app.example, shop.example"],
  ["an empty entry", "https://app.example,"],
])("CF-01 a list of addresses with %s is a configuration error", async (_what, list) => {
  const broken = await pool.load({ APP_BASE_URL: list });
  expect(() => broken.config()).toThrow(/APP_BASE_URL/);
  kit = await pool.load();
});
