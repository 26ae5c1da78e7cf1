import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cognito, startCognito } from "../cognito/index";
import { Visitor } from "../lab/deploy/visitor";
import { type AppServer, startAppServer } from "./support/app-server";
import { findFreePort } from "./support/ports";
import { CLICKED_FORM, DOCUMENT, FETCH, getBytes, type RawResponse, raw } from "./support/raw";

// The app as it is behind a load balancer: its address is https, so its cookies have the prefix __Host-.
const BASE_URL = "https://app.example";
const CLIENT = { clientId: "demo", clientSecret: "a-client-secret-of-some-length-0123456789" };

let cognito: Cognito;
let server: AppServer;
let origin: string;
beforeAll(async () => {
  cognito = await startCognito({
    clients: [{ ...CLIENT, callbackUrls: [`${BASE_URL}/auth/callback`], logoutUrls: [BASE_URL] }],
  });
  const port = await findFreePort();
  origin = `http://localhost:${port}`;
  server = await startAppServer("middleware", port, {
    COGNITO_ISSUER: cognito.issuer,
    COGNITO_DOMAIN: cognito.domain,
    COGNITO_CLIENT_ID: CLIENT.clientId,
    COGNITO_CLIENT_SECRET: CLIENT.clientSecret,
    APP_BASE_URL: BASE_URL,
  });
});
afterAll(async () => {
  await server?.stop();
  await cognito?.close();
});

/** A request whose outcome shows whether the app accepted the cookies that `planted` names. */
interface Probe {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: ReadonlyMap<string, string>;
  readonly planted: RegExp;
  isAccepted(answer: RawResponse): boolean;
}

async function signIn(): Promise<Visitor> {
  const visitor = new Visitor(origin);
  await visitor.signIn((url) => cognito.authorize(url, "ada"));
  return visitor;
}

const pick = ({ jar }: Visitor, pattern: RegExp) => new Map([...jar].filter(([name]) => pattern.test(name)));
const isPage = ({ status }: RawResponse) => status === 200;

const PROBES: Readonly<Record<string, () => Promise<Probe>>> = {
  "an access token, in middleware": async () => ({
    path: "/dashboard",
    headers: DOCUMENT,
    cookies: pick(await signIn(), /\.access/),
    planted: /\.access/,
    isAccepted: isPage,
  }),
  "an access token, in a route handler": async () => ({
    path: "/api/me",
    headers: FETCH,
    cookies: pick(await signIn(), /\.access/),
    planted: /\.access/,
    isAccepted: isPage,
  }),
  "a refresh token": async () => ({
    path: "/dashboard",
    headers: DOCUMENT,
    cookies: pick(await signIn(), /\.refresh/),
    planted: /\.refresh/,
    isAccepted: isPage,
  }),
  "an ID token": async () => ({
    path: "/dashboard",
    headers: DOCUMENT,
    cookies: pick(await signIn(), /\.(access|id)/),
    planted: /\.id/,
    isAccepted: ({ body }) => body.includes("ada@example.com"),
  }),
  "a transaction": async () => {
    const visitor = new Visitor(origin);
    const { headers } = await visitor.get("/auth/login?returnTo=/dashboard");
    const callback = new URL(await cognito.authorize(headers.location ?? "", "ada"));
    return {
      path: callback.pathname + callback.search,
      headers: { ...DOCUMENT, "sec-fetch-site": "cross-site" },
      cookies: pick(visitor, /\.txn\./),
      planted: /\.txn\./,
      isAccepted: ({ setCookie }) => setCookie.some((line) => line.startsWith("__Host-auth.access=")),
    };
  },
  "the end of a session": async () => {
    const visitor = await signIn();
    const access = pick(visitor, /\.access/);
    const headers = { ...CLICKED_FORM, cookie: visitor.cookie };
    const { setCookie } = await raw(`${origin}/auth/logout`, { method: "POST", headers });
    const ended = setCookie.filter((line) => /^__Host-auth\.ended[^=]*=[^;]/.test(line));
    const pairs = ended.map((line) => /^([^=]+)=([^;]*)/.exec(line) ?? []);
    return {
      path: "/dashboard",
      headers: DOCUMENT,
      cookies: new Map([...access, ...pairs.map(([, name = "", value = ""]) => [name, value] as const)]),
      planted: /\.ended/,
      isAccepted: ({ status }) => status === 303,
    };
  },
  "a count of sign-ins": async () => {
    const visitor = new Visitor(origin);
    for (const _ of [1, 2, 3]) await visitor.get("/auth/login?returnTo=/admin");
    return {
      path: "/auth/login?returnTo=/admin",
      headers: DOCUMENT,
      cookies: pick(visitor, /\.rounds/),
      planted: /\.rounds/,
      isAccepted: ({ headers }) => headers.location?.includes("sign_in_loop") ?? false,
    };
  },
};

const BYTES: Readonly<Record<string, string>> = {
  "0xA0": "\xa0",
  "0x85": "\x85",
  "0x0B": "\x0b",
  "U+00A0 in UTF-8": "\xc2\xa0",
  "U+2000 in UTF-8": "\xe2\x80\x80",
  "U+3000 in UTF-8": "\xe3\x80\x80",
  "U+FEFF in UTF-8": "\xef\xbb\xbf",
};

async function send({ path, headers, cookies, planted }: Probe, before: string): Promise<RawResponse> {
  const pairs = [...cookies].map(([name, value]) => `${planted.test(name) ? before : ""}${name}=${value}`);
  const lines = Object.entries(headers).map((pair) => pair.join(": "));
  return getBytes(origin, path, [...lines, `cookie: ${["first=1", ...pairs].join("; ")}`]);
}

describe.each(Object.keys(PROBES))("a cookie that holds %s", (kind) => {
  let probe: Probe;
  beforeAll(async () => {
    const create = PROBES[kind];
    if (!create) throw new Error(`No probe for ${kind}`);
    probe = await create();
    expect([...probe.cookies.keys()].some((name) => probe.planted.test(name))).toBe(true);
  });

  test.each(Object.entries(BYTES))("AT-01 does not count with %s before its name", async (_what, byte) => {
    const answer = await send(probe, byte);
    expect(probe.isAccepted(answer)).toBe(false);
    expect([200, 303, 400, 401]).toContain(answer.status);
  });

  // Last: a transaction is used up.
  test("AT-01 counts under its own name, with a space and a tab before it", async () => {
    expect(probe.isAccepted(await send(probe, " \t"))).toBe(true);
  });
});
