import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Cognito } from "../cognito/index";
import { expectLanding, signIn, submitLogin } from "./support/flows";
import { DOCUMENT, raw } from "./support/raw";
import { openStage, type Stage } from "./support/stage";

const MARK = "planted-by-a-stranger";
const SCRIPT = encodeURIComponent(`<script>document.title="${MARK}"</script>`);

interface Failure {
  readonly code: string;
  readonly when: string;
  readonly plant: (cognito: Cognito) => void;
}

/** What can go wrong between Cognito's login page and the app. */
const FAILURES: readonly Failure[] = [
  // First, while the app has not fetched them yet.
  {
    code: "keys_unavailable",
    when: "Cognito's keys are out of reach",
    plant: (cognito) => cognito.fault("jwks", { status: 500, body: MARK }),
  },
  {
    code: "authorization_failed",
    when: "Cognito refuses the sign-in",
    plant: ({ settings }) => Object.assign(settings, { triggerError: `${MARK}: <script>no</script>` }),
  },
  {
    code: "grant_rejected",
    when: "the code is not good",
    plant: (cognito) => cognito.fault("token", { status: 400, body: { error: "invalid_grant" } }),
  },
  {
    code: "client_rejected",
    when: "Cognito does not know the app",
    plant: (cognito) =>
      cognito.fault("token", { status: 400, body: { error: "invalid_client", error_description: MARK } }),
  },
  {
    code: "token_response_invalid",
    when: "the ID token is of another sign-in",
    plant: (cognito) => cognito.fault("token", { claims: { id: (claims) => ({ ...claims, nonce: MARK }) } }),
  },
  {
    code: "token_response_invalid",
    when: "the tokens are another app's",
    plant: (cognito) => cognito.fault("token", { claims: { access: (claims) => ({ ...claims, client_id: MARK }) } }),
  },
  {
    code: "token_endpoint_unavailable",
    when: "Cognito is down",
    plant: (cognito) => cognito.fault("token", { status: 503, body: `<html>${MARK}</html>` }),
  },
  {
    code: "token_endpoint_unavailable",
    when: "the connection breaks",
    plant: (cognito) => cognito.fault("token", { resetAfter: true }),
  },
  {
    code: "session_too_large",
    when: "the tokens do not fit into cookies",
    plant: ({ settings }) => Object.assign(settings, { accessClaims: { [MARK]: "x".repeat(11_000) } }),
  },
];

let stage: Stage;
let page: Page;
beforeAll(async () => {
  stage = await openStage({ variant: "middleware", https: false });
});
beforeEach(async () => {
  await stage.reset();
  page = await stage.newPage();
});
afterAll(() => stage?.close());

/** The page says in words what happened, names the code, and gives nothing away. */
async function expectErrorPage(code: string): Promise<void> {
  await page.getByText(`Reference: ${code}`).waitFor();
  const url = new URL(page.url());
  expect([url.origin, url.pathname, url.searchParams.get("code")]).toEqual([stage.baseUrl, "/auth/error", code]);
  expect([...url.searchParams.keys()].filter((name) => name !== "code" && name !== "returnTo")).toEqual([]);
  const title = await page.getByRole("heading", { level: 1 }).textContent();
  expect(title).toMatch(/^[A-Z][a-z' -]+( [a-z' -]+)+$/);
  expect(title).not.toBe("Something went wrong");
  const { status, body } = await raw(page.url(), { headers: DOCUMENT });
  expect(status).toBe(200);
  expect(body + (await page.content())).not.toMatch(new RegExp(`${MARK}|eyJ|node_modules|\\.ts:\\d|at async`));
}

describe("when a sign-in fails", () => {
  test.each(FAILURES)("because $when, a page says so, and the way on works ($code)", async ({ code, plant }) => {
    await page.goto("/dashboard?from=mail");
    plant(stage.cognito);
    await submitLogin(page, "ada");
    await expectErrorPage(code);
    expect((await page.context().cookies()).filter(({ name }) => /\.(access|id|refresh|txn)/.test(name))).toEqual([]);

    stage.cognito.clearFaults();
    Object.assign(stage.cognito.settings, { triggerError: "", accessClaims: {} });
    await page.locator('main a[href^="/auth/login"]').click();
    // Cognito remembers who signed in there, unless it was Cognito that refused.
    if (code === "authorization_failed") await submitLogin(page, "ada");
    await expectLanding(stage, page, "/dashboard?from=mail");
  });

  test("because the person said no, a page says so (authorization_denied)", async () => {
    await page.goto("/dashboard");
    const state = new URL(page.url()).searchParams.get("state");
    await page.goto(`/auth/callback?error=access_denied&error_description=${SCRIPT}&state=${state}`);
    await expectErrorPage("authorization_denied");
  });

  test("because it began in another browser, a page says where the app lives (transaction_missing)", async () => {
    await page.goto(`/auth/callback?code=${SCRIPT}&state=${SCRIPT}&error_description=${SCRIPT}`);
    await expectErrorPage("transaction_missing");
    expect(await page.getByRole("link", { name: stage.baseUrl }).getAttribute("href")).toBe(stage.baseUrl);
    expect(stage.cognito.requests).toEqual([]);
  });

  test("because the browser keeps no cookies, it stops going round (sign_in_loop)", async () => {
    await signIn(stage, page);
    for (const _ of [1, 2, 3, 4]) {
      await page.context().clearCookies({ name: /\.(access|id|refresh)/ });
      await page.goto("/dashboard?loop=1");
    }
    await expectErrorPage("sign_in_loop");
  });

  test("the server's log names the failure, and holds no token and nothing of the stranger's", () => {
    const output = stage.server.output();
    for (const { code } of FAILURES) expect(output).toContain(code);
    expect(output).not.toMatch(/eyJ/);
    expect(output).not.toContain(MARK);
  });
});

describe("the error page opened with something else in its query", () => {
  test.each([
    `code=${SCRIPT}`,
    `code=forbidden&code=${SCRIPT}`,
    `code=forbidden&returnTo=//${MARK}.example&title=${SCRIPT}`,
    `code=constructor&returnTo=${SCRIPT}`,
  ])("prints none of it: %s", async (query) => {
    const response = await page.goto(`/auth/error?${query}`);
    expect(response?.status()).toBe(200);
    expect(await page.title()).not.toBe(MARK);
    expect(await page.locator("body").innerText()).not.toContain(MARK);
    const links = await page.locator("main a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
    expect(links.join(" ")).not.toContain(MARK);
    expect(await response?.text()).not.toContain(`<script>document.title="${MARK}"`);
  });
});
