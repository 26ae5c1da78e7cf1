import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SignInHook } from "@/lib/auth/core/sign-in/hook";
import type { Session } from "@/lib/auth/session";
import { type Browser, type Kit, pathOf, TYPED, usePool } from "../support/kit";
import { stopTimers, until } from "../support/time";

const pool = usePool();
let kit: Kit;
let browser: Browser;

beforeEach(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  Object.assign(pool.cognito.settings, { ssoSeconds: 0, accessClaims: {}, rotation: false });
  await load();
});
afterEach(() => {
  pool.cognito.clearFaults();
  vi.restoreAllMocks();
});

async function load(env: Record<string, string> = {}): Promise<void> {
  kit = await pool.load(env);
  browser = pool.browser(kit);
  pool.cognito.clearRequests();
}

const use = (hook: SignInHook) => void Object.assign(kit.signIn.app, { hook });
const events = () => vi.mocked(console.info).mock.calls.map(([line]) => JSON.parse(String(line)).auth);
const failures = () => events().filter(({ type }) => type === "sign_in_failed");
const newToken = () => pool.cognito.signIns.at(-1)?.refreshTokens.at(-1)?.token ?? "";
const newTokenState = () => pool.cognito.refreshTokenState(newToken());
const sessionCookies = () => browser.names().filter((name) => /\.(access|id|refresh)/.test(name));
/** The session in the browser, value for value. */
const storedSession = () => sessionCookies().map((name) => browser.jar.get(name)?.line);
const isSignedIn = async () => (await browser.visit("/dashboard")).headers.has("x-middleware-next");

/** Opens a sign-in of a user who may have a session already, up to the callback. */
async function reachCallback(username = "ada"): Promise<string> {
  const login = await browser.login("/auth/login?returnTo=/dashboard&prompt=login");
  return pool.cognito.authorize(login.headers.get("location") ?? "", username);
}

const FAILURES: readonly [how: string, code: string, hook: () => Promise<void>][] = [
  ["refuses the user", "sign_in_refused", async () => kit.signIn.refuse("The account is closed")],
  ["rejects", "sign_in_hook_failed", () => Promise.reject(new Error("The database is down"))],
  [
    "throws at once",
    "sign_in_hook_failed",
    () => {
      throw new Error("The database is down");
    },
  ],
];

describe.each(FAILURES)("a hook that %s", (_how, code, hook) => {
  test("NW-04 ends on the error page, without a session and without a live refresh token", async () => {
    use(hook);
    expect(pathOf(await browser.signIn())).toBe(`/auth/error?code=${code}&returnTo=%2Fdashboard`);
    expect(sessionCookies()).toEqual([]);
    expect(newTokenState()).toBe("revoked");
    expect(await isSignedIn()).toBe(false);
  });

  test("NW-04 leaves an older session of another user exactly as it was", async () => {
    await browser.signIn("grace");
    const before = storedSession();
    const olderToken = newToken();
    use(hook);
    await browser.callback(await reachCallback("ada"));
    expect(storedSession()).toEqual(before);
    expect([pool.cognito.refreshTokenState(olderToken), newTokenState()]).toEqual(["valid", "revoked"]);
    expect(await isSignedIn()).toBe(true);
    for (const kind of ["access", "id"]) browser.drop(`__Host-auth.${kind}`);
    expect(await isSignedIn()).toBe(true); // It can be refreshed, too.
  });

  test("NW-04 CF-07 has its cause in the event, and neither in the address nor in a cookie", async () => {
    use(hook);
    const answer = await browser.signIn();
    expect(failures()).toMatchObject([{ code, path: "/auth/callback" }]);
    expect(failures()[0].detail).toMatch(/The (account is closed|database is down)$/);
    const seen = JSON.stringify([...answer.headers]) + (await answer.text());
    expect(seen).not.toMatch(/account|database/);
    expect(events().map(({ type }) => type)).not.toContain("signed_in");
  });

  test("NW-04 lets the user try again", async () => {
    use(hook);
    await browser.signIn();
    use(async () => {});
    expect(pathOf(await browser.signIn())).toBe("/dashboard");
    expect(await isSignedIn()).toBe(true);
  });
});

describe("a hook that takes time", () => {
  /** A hook that the test ends by hand, and the answer to its sign-in. */
  async function startSlowSignIn() {
    const calls: { resolve: () => void; reject: (reason: Error) => void }[] = [];
    use(() => new Promise((resolve, reject) => void calls.push({ resolve, reject })));
    const url = await reachCallback();
    stopTimers();
    const answer = browser.callback(url);
    await until(() => calls.length > 0);
    return { answer, end: calls[0] };
  }

  test("NW-04 a user whose hook takes a little less than five seconds is signed in", async () => {
    const { answer, end } = await startSlowSignIn();
    await vi.advanceTimersByTimeAsync(4_999);
    end?.resolve();
    expect(pathOf(await answer)).toBe("/dashboard");
    expect([await isSignedIn(), newTokenState()]).toEqual([true, "valid"]);
  });

  test.each(["never answers", "answers too late", "rejects too late"])(
    "NW-04 a hook that %s ends on the error page, without a session, and the server goes on",
    async (how) => {
      const unhandled = vi.fn();
      process.on("unhandledRejection", unhandled);
      const { answer, end } = await startSlowSignIn();
      await vi.advanceTimersByTimeAsync(5_000);
      expect(pathOf(await answer)).toBe("/auth/error?code=sign_in_hook_failed&returnTo=%2Fdashboard");
      if (how === "answers too late") end?.resolve();
      if (how === "rejects too late") end?.reject(new Error("late"));
      for (let i = 0; i < 5; i++) await setImmediate();
      process.off("unhandledRejection", unhandled);
      expect(unhandled).not.toHaveBeenCalled();
      expect(failures()).toMatchObject([{ detail: "onSignIn took longer than 5 s" }]);
      expect([sessionCookies(), newTokenState()]).toEqual([[], "revoked"]);
    },
  );
});

test("NW-04 a browser that leaves during the hook keeps its older session, and no new token lives on", async () => {
  await browser.signIn("grace");
  const [before, older] = [storedSession(), newToken()];
  const controller = new AbortController();
  use(async () => controller.abort());
  const request = browser.request(await reachCallback("ada"), TYPED, { signal: controller.signal });
  await kit.callback.GET(request); // Nobody reads the answer.
  expect([newTokenState(), pool.cognito.refreshTokenState(older)]).toEqual(["revoked", "valid"]);
  expect(storedSession()).toEqual(before);
  expect(await isSignedIn()).toBe(true);
});

test.each<[what: string, thrown: () => unknown]>([
  [
    "an error whose message cannot be read",
    () => Object.defineProperty(new Error("x"), "message", { get: () => kit.signIn.refuse() }),
  ],
  ["an error with a symbol as its name", () => Object.assign(new Error("x"), { name: Symbol("x") })],
  ["nothing", () => undefined],
])("NW-04 a hook that throws %s ends on the error page", async (_what, thrown) => {
  use(async () => {
    throw thrown();
  });
  expect(pathOf(await browser.signIn())).toBe("/auth/error?code=sign_in_hook_failed&returnTo=%2Fdashboard");
  expect([newTokenState(), failures().length]).toEqual(["revoked", 1]);
});

describe("a hook that redirects", () => {
  const signInTo = async (answer: unknown) => {
    use(async () => answer as { redirectTo: string });
    return pathOf(await browser.signIn());
  };

  test("leads a user who is signed in to that page", async () => {
    expect(await signInTo({ redirectTo: "/welcome?from=sign-in#start" })).toBe("/welcome?from=sign-in");
    expect(await isSignedIn()).toBe(true);
  });

  test.each([
    "//evil.example",
    "https://evil.example/",
    "/\\evil.example",
    "/.//evil.example",
    "javascript:alert(1)",
    "/auth/logout",
    "/x/..%2fauth/logout",
    "/welcome\r\nSet-Cookie: a=b\u0000//",
    "",
  ])("NW-04 RD-01 never leaves the app, and never signs out: %j", async (redirectTo) => {
    use(async () => ({ redirectTo }));
    const location = (await browser.signIn()).headers.get("location") ?? "";
    expect(new URL(location).origin).toBe("https://app.example");
    expect(new URL(location).pathname).toMatch(/^\/(welcome.*)?$/);
  });

  test.each([
    ["nothing", undefined, "/dashboard"],
    ["null", null, "/dashboard"],
    ["a path and no object", "/welcome", "/"],
    ["an object without a path", {}, "/"],
    ["a URL", { redirectTo: new URL("https://evil.example") }, "/"],
    ["a list", { redirectTo: ["/welcome"] }, "/"],
  ])("NW-04 signs in also when it returns %s", async (_what, answer, path) => {
    expect(await signInTo(answer)).toBe(path);
    expect(await isSignedIn()).toBe(true);
  });
});

describe("the hook", () => {
  test("gets the session that pages get, and the request, before the browser gets a cookie", async () => {
    let seen: Session | null = null;
    let language: string | null = null;
    use(async (session, request) => {
      seen = session;
      language = request.headers.get("accept-language");
    });
    const url = await reachCallback();
    await browser.callback(url, { ...TYPED, "sec-fetch-site": "cross-site", "accept-language": "de" });
    const headers = new Headers({ cookie: browser.cookieHeader });
    const auth = await kit.core.authenticate(headers, kit.config(), "never");
    expect(auth.status === "signed_in" && auth.session).toEqual(seen);
    expect(language).toBe("de");
  });

  test("NW-04 is not called for a sign-in that is rejected, or a session that is too large, and no refresh token lives on", async () => {
    const hook = vi.fn(async () => {});
    await load({ AUTH_MAX_COOKIE_BYTES: "1024" });
    use(hook);
    expect(pathOf(await browser.signIn())).toContain("code=session_too_large");
    expect([newTokenState(), hook.mock.calls.length]).toEqual(["revoked", 0]);

    await load();
    use(hook);
    pool.cognito.settings.accessClaims = { iss: "https://other.example" };
    expect(pathOf(await browser.signIn())).toContain("code=token_response_invalid");
    expect([newTokenState(), hook.mock.calls.length]).toEqual(["revoked", 0]);
  });

  test("NW-04 a sign-in that it refuses ends also when Cognito cannot revoke", async () => {
    pool.cognito.fault("revoke", { status: 503 });
    use(async () => kit.signIn.refuse());
    expect(pathOf(await browser.signIn())).toContain("code=sign_in_refused");
    expect(sessionCookies()).toEqual([]);
  });
});
