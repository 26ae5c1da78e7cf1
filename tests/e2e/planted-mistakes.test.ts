import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expectForgotten, sessionCookies, signIn, signOut } from "./support/flows";
import { openStage, type Stage } from "./support/stage";
import type { RewriteSetCookie } from "./support/tls-proxy";

// The TLS proxy changes the app's Set-Cookie lines into what a mistaken kit would send: these tests tell whether the
// others, in sign-in.test.ts and sign-out.test.ts, would notice.
describe("a mistake in the cookies, over https", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ variant: "middleware", https: true });
  });
  beforeEach(async () => {
    await stage.reset();
    plant(null);
  });
  afterAll(() => stage?.close());

  const plant = (rewrite: RewriteSetCookie | null) => {
    if (stage.tls) stage.tls.rewriteSetCookie = rewrite;
  };

  test("SameSite=Strict everywhere: the browser comes back from Cognito without the sign-in that it began", async () => {
    plant((line) => line.replace("SameSite=Lax", "SameSite=Strict"));
    const page = await stage.newPage();
    await expect(signIn(stage, page)).rejects.toThrow("/auth/error?code=transaction_missing");
    expect(await sessionCookies(page.context())).toEqual([]);
  });

  test("SameSite=Strict on the session: the page never sees it, and sign-in goes round in circles", async () => {
    plant((line) => (/\.(access|id|refresh)/.test(line) ? line.replace("SameSite=Lax", "SameSite=Strict") : line));
    const page = await stage.newPage();
    await expect(signIn(stage, page)).rejects.toThrow("/auth/error?code=sign_in_loop");
  });

  test("a __Host- cookie without Secure: the browser does not take it", async () => {
    plant((line) => line.replace("; Secure", ""));
    const page = await stage.newPage();
    await expect(signIn(stage, page)).rejects.toThrow("/auth/error?code=transaction_missing");
  });

  test("DS-15 no cookie arrives at all: sign-in ends on a page that names the app's address", async () => {
    plant(() => "lost=1");
    const page = await stage.newPage();
    await expect(signIn(stage, page)).rejects.toThrow("/auth/error?code=transaction_missing");
    await page.getByRole("link", { name: stage.baseUrl }).waitFor();
  });

  test("DS-15 the session's cookies get lost on the way: the fourth round within a minute explains it", async () => {
    plant((line) => (/\.(access|id|refresh)/.test(line) ? "lost=1" : line));
    const page = await stage.newPage();
    await expect(signIn(stage, page)).rejects.toThrow("/auth/error?code=sign_in_loop");
    expect(stage.cognito.count("authorize")).toBe(3);
  });

  test("a deletion without Secure: the session stays in the browser after sign-out", async () => {
    const page = await stage.newPage();
    await signIn(stage, page);
    plant((line) => (line.includes("Max-Age=0") ? line.replace("; Secure", "") : line));
    await signOut(stage, page);
    await expect(expectForgotten(page.context())).rejects.toThrow(/__Host-auth\.refresh/);
  });

  test("none: the same sign-in and sign-out work", async () => {
    const page = await stage.newPage();
    await signIn(stage, page);
    await signOut(stage, page);
    await expectForgotten(page.context());
  });
});
