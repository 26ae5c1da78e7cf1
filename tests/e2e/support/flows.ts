import type { BrowserContext, Cookie, Page } from "playwright-core";
import { sampleUsers } from "../../cognito/index";
import type { App } from "./app";

/** Opens a page that asks for a sign-in, and signs in. Throws unless that ends on the page, query and all. */
export async function signIn(app: App, page: Page, { username = "ada", path = "/dashboard" } = {}): Promise<void> {
  await page.goto(app.baseUrl + path);
  await submitLogin(page, username);
  await expectLanding(app, page, path);
}

/** Fills in the stand-in's login page. */
export async function submitLogin(page: Page, username: string, password = passwordOf(username)): Promise<void> {
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Throws when the browser comes back to the app anywhere else than at `path`. */
export async function expectLanding(app: App, page: Page, path: string): Promise<void> {
  await page.waitForURL((url) => url.href.startsWith(app.baseUrl));
  if (page.url() !== app.baseUrl + path) throw new Error(`Landed on ${page.url()}`);
}

/** Presses the demo's button, and throws unless Cognito sends the browser back to the start page. */
export async function signOut(app: App, page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(`${app.baseUrl}/`);
}

/** Throws when a cookie of the kit is left, except the marks of ended sessions, which hold no credential. */
export async function expectForgotten(context: BrowserContext): Promise<void> {
  const left = (await kitCookies(context)).map(({ name }) => name).filter((name) => !name.includes(".ended."));
  if (left.length > 0) throw new Error(`Still in the browser: ${left.join(", ")}`);
}

export async function kitCookies(context: BrowserContext): Promise<readonly Cookie[]> {
  return (await context.cookies()).filter(({ name }) => /^(__Host-)?auth\./.test(name));
}

export async function sessionCookies(context: BrowserContext): Promise<readonly Cookie[]> {
  return (await kitCookies(context)).filter(({ name }) => /\.(access|id|refresh)(\.\d+)?$/.test(name));
}

/** What the browser would send in its Cookie header. */
export async function cookieHeader(context: BrowserContext): Promise<string> {
  return (await kitCookies(context)).map(({ name, value }) => `${name}=${value}`).join("; ");
}

/** An hour later: access and ID cookie end with their tokens, and the browser drops them. */
export async function expireAccessToken(context: BrowserContext): Promise<void> {
  await context.clearCookies({ name: /\.(access|id)(\.\d+)?$/ });
}

/** What a token says, as the dashboard's table shows it: `value` is text, or JSON. */
export async function claimsOnPage(page: Page, token: "Access token" | "ID token"): Promise<Record<string, string>> {
  const rows = page.getByRole("table", { name: token }).locator("tbody tr");
  const pairs = await rows.evaluateAll((elements) =>
    elements.map((row) => [row.querySelector("th")?.textContent ?? "", row.querySelector("td")?.textContent ?? ""]),
  );
  return Object.fromEntries(pairs);
}

function passwordOf(username: string): string {
  return sampleUsers.find((user) => user.username === username)?.password ?? "";
}
