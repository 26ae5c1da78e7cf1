import { createElement } from "react";
import { renderToReadableStream } from "react-dom/server.edge";
import { beforeAll, describe, expect, test, vi } from "vitest";

// Outside Next, `headers()` has no request to read.
vi.mock("next/headers", () => ({ headers: async () => new Headers({ host: "app.example" }) }));

const APP = "https://app.example/shop";

beforeAll(() => {
  vi.stubEnv("COGNITO_ISSUER", "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e");
  vi.stubEnv("COGNITO_DOMAIN", "https://auth.example");
  vi.stubEnv("COGNITO_CLIENT_ID", "web1234567890abcdefghijkl");
  vi.stubEnv("APP_BASE_URL", APP);
});

/** The text of the page, and the link of its button. */
async function read(query: Record<string, string | string[]>) {
  const { default: ErrorPage } = await import("@/app/auth/error/page");
  const stream = await renderToReadableStream(createElement(ErrorPage, { searchParams: Promise.resolve(query) }));
  await stream.allReady;
  const html = await new Response(stream).text();
  const pick = (pattern: RegExp) => pattern.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? null;
  return {
    html,
    title: pick(/<h1>([^<]*)/),
    href: pick(/class="button primary" href="([^"]*)/),
    action: pick(/class="button primary"[^>]*>([^<]*)/),
    reference: pick(/<code>([^<]*)/),
  };
}

describe("the error page", () => {
  test("a forbidden page leads to the start page, not to another sign-in", async () => {
    expect(await read({ code: "forbidden", returnTo: "/shop/admin" })).toMatchObject({
      title: "You may not see this page",
      href: "/shop",
      action: "Go to the start page",
      reference: "forbidden",
    });
  });

  test("NW-03 the page for a sign-in that is not recent leads to sign-out: another sign-in would end there again", async () => {
    expect(await read({ code: "reauthentication_required", returnTo: "/shop/settings" })).toMatchObject({
      title: "Please sign out first",
      href: "/shop/auth/logout",
      action: "Sign out",
    });
  });

  test.each(["token_endpoint_unavailable", "keys_unavailable"])(
    "the page for %s says that nothing is lost",
    async (code) => {
      const { html, action, href } = await read({ code, returnTo: "/shop/cart" });
      expect(html).toContain("Nothing is lost");
      expect([action, href]).toEqual(["Try again", "/shop/auth/login?returnTo=%2Fshop%2Fcart"]);
    },
  );

  test("the page names the address of the app only where a sign-in may have started at another address", async () => {
    expect((await read({ code: "transaction_missing" })).html).toContain(`<a href="${APP}">${APP}</a>`);
    expect((await read({ code: "authorization_denied" })).html).not.toContain(APP);
  });

  test.each([
    "authorization_failed",
    "client_rejected",
    "token_response_invalid",
    "session_too_large",
    "sign_in_loop",
    "grant_rejected",
  ])("the page for %s has its own text and a link to sign-in", async (code) => {
    const { title, action, reference } = await read({ code });
    expect(title).not.toBe("Something went wrong");
    expect([action, reference]).toEqual(["Sign in again", code]);
  });

  test.each(["<b>x</b>", "toString", "constructor", "__proto__", ""])(
    "CB-10 the page shows no part of a query with the code %j",
    async (code) => {
      const { html, title, reference, href } = await read({ code, returnTo: "https://evil.test/x" });
      expect([title, reference, href]).toEqual(["Something went wrong", null, "/shop/auth/login?returnTo=%2Fshop"]);
      expect(html).not.toContain("evil");
      if (code) expect(html).not.toContain(code);
    },
  );

  test("the page ignores a repeated code", async () => {
    expect((await read({ code: ["forbidden", "forbidden"] })).reference).toBeNull();
  });
});
