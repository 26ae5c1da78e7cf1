// The doctor, run as a process against the stand-in: good set-ups, set-ups with one mistake, and unclear ones.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AppClient, type Cognito, startCognito } from "../../cognito";
import { parseConfig } from "../../support/parse-config";
import { type Plant, plants } from "./plants";
import {
  byTwo,
  createApp,
  type Environment,
  examine,
  LAYOUT,
  type Report,
  type Run,
  removeApps,
  runByTsx,
  runDoctor,
} from "./run";
import { AUTH_SECRET, BASE_URL, CLIENT_SECRET } from "./set-up";

let cognito: Cognito;
let other: Cognito;
let app: string;

beforeAll(async () => {
  [cognito, other] = await Promise.all([startCognito({ clients: [] }), startCognito({ clients: [] })]);
  app = createApp({ type: "module" });
}, 30_000);
afterAll(async () => {
  removeApps();
  await Promise.all([cognito?.close(), other?.close()]);
});

/** A client of its own, and the variables of an app that uses it. */
function register(client: Partial<AppClient> = {}): Environment {
  const clientId = `client${cognito.clients.length}`;
  const urls = { callbackUrls: [`${BASE_URL}/auth/callback`], logoutUrls: [BASE_URL] };
  cognito.clients.push({ clientId, clientSecret: CLIENT_SECRET, ...urls, ...client });
  return {
    COGNITO_ISSUER: cognito.issuer,
    COGNITO_DOMAIN: cognito.domain,
    COGNITO_CLIENT_ID: clientId,
    COGNITO_CLIENT_SECRET: CLIENT_SECRET,
    APP_BASE_URL: BASE_URL,
    AUTH_SECRET,
  };
}

function tsconfig(paths: Readonly<Record<string, readonly string[]>>, baseUrl?: string): string {
  return JSON.stringify({ compilerOptions: { paths, baseUrl } });
}

function portOf(address: string | { port: number } | null): number {
  if (typeof address !== "object" || address === null) throw new Error("The server does not listen");
  return address.port;
}

function catchError(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

const idsOf = ({ findings }: Report, status: string) =>
  findings.filter((it) => it.status === status).map((it) => it.id);

function expectNoSecret({ output }: Run): void {
  for (const secret of [CLIENT_SECRET, AUTH_SECRET]) expect(output).not.toContain(secret);
}

describe("a good set-up", () => {
  test("has no fault and no warning, and exit code 0. Settings that the doctor cannot see are notes", async () => {
    const result = await runDoctor(app, register());
    expect(result.output).not.toMatch(/^[✘!–]/m);
    expect(result.output).toContain("✔ Callback URL");
    expect(result.output).toContain("· Rotation and lifetimes");
    expect(result.output).toMatch(/\nFaults: 0\. Warnings: 0\. Not checked: 0\.\n$/);
    expect(result.code).toBe(0);
    expectNoSecret(result);
  });

  test("stays as it is: the doctor starts no sign-in, and no token is issued, refreshed or revoked", async () => {
    const { COGNITO_CLIENT_ID: clientId = "", ...env } = register();
    await examine(app, { COGNITO_CLIENT_ID: clientId, ...env });
    const asked = cognito.requests.filter(({ params }) => params.client_id === clientId);
    expect(new Set(asked.map(({ name }) => name))).toEqual(
      new Set(["authorize", "login", "logout", "token", "revoke"]),
    );
    expect(asked.length).toBeLessThan(10);
    expect(
      asked.filter(({ name, error }) => name === "token" && error !== "invalid_grant" && error !== "invalid_client"),
    ).toEqual([]);
    expect(cognito.signIns).toEqual([]);
  });

  test("may have a public client, cookies that are not sealed, and a public address", async () => {
    const baseUrl = "https://app.example/shop";
    const shop = createApp({
      files: { "next.config.mjs": null, "next.config.ts": "const c = {\n  basePath: '/shop',\n};" },
    });
    const client = { clientSecret: undefined, callbackUrls: [`${baseUrl}/auth/callback`], logoutUrls: [baseUrl] };
    const env = { ...register(client), APP_BASE_URL: baseUrl, COGNITO_CLIENT_SECRET: "", AUTH_SECRET: "" };
    const { code, report } = await examine(shop, env);
    expect([code, idsOf(report, "fault")]).toEqual([0, []]);
  });

  test("may have several addresses, and each of them is checked", async () => {
    const more = ["http://127.0.0.1:3000", "http://[::1]:3000"];
    const urls = [BASE_URL, ...more];
    const env = register({ callbackUrls: urls.map((it) => `${it}/auth/callback`), logoutUrls: urls });
    const { code, report } = await examine(app, { ...env, APP_BASE_URL: urls.join(", ") });
    const textsOf = (check: string) => report.findings.filter(({ id }) => id === check).map(({ text }) => text);
    expect(textsOf("callback_url")).toEqual(urls.map((it) => `${it}/auth/callback`));
    expect(textsOf("sign_out_url")).toEqual(urls);
    expect(textsOf("loopback")).toEqual([`open the app at ${urls.join(" or ")} only`]);
    expect([code, report.findings.filter(({ status }) => status === "warning")]).toEqual([0, []]);
  });

  test("may have a second domain", async () => {
    const second = cognito.domain.replace("127.0.0.1", "localhost");
    const { code, report } = await examine(app, { ...register(), COGNITO_DOMAIN: second });
    expect([code, idsOf(report, "fault")]).toEqual([0, []]);
    expect(report.findings.find(({ id }) => id === "domain_pool")?.text).toContain("second domain");
  });
});

describe("a good set-up of the project", () => {
  test.each([
    [
      "an alias of its own with one more entry",
      { "tsconfig.json": tsconfig({ "~/*": ["./*"], "@/lib/auth/*": ["./lib/auth/*"] }) },
    ],
    [
      "paths in a file that tsconfig.json extends",
      { "tsconfig.json": '{ "extends": "./base" }', "base.json": tsconfig({ "@/*": ["./*"] }) },
    ],
    ["a baseUrl", { "tsconfig.json": tsconfig({ "@/*": ["*"] }, "."), "lib/other.ts": "" }],
    [
      "the locale layout and one for the error page",
      { "app/layout.tsx": null, "app/[locale]/layout.tsx": LAYOUT, "app/auth/layout.tsx": LAYOUT },
    ],
    ["a second layout without <html>", { "app/auth/layout.tsx": "export default ({ children }) => children;" }],
    ["a pnpm-workspace.yaml beside a single app", { "pnpm-workspace.yaml": "ignoredBuiltDependencies:\n  - sharp\n" }],
  ])("may have %s", async (_, files) => {
    const { code, report } = await examine(createApp({ files }), register());
    expect([code, idsOf(report, "fault"), idsOf(report, "warning")]).toEqual([0, [], []]);
  });
});

describe("the client secret", () => {
  const visits: string[] = [];
  const canary = createServer(async (request, response) => {
    visits.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)} ${await text(request)}`);
    const { pathname, search } = new URL(request.url ?? "/", "http://canary");
    const isLogin = pathname.startsWith("/oauth2/authorize");
    response.writeHead(isLogin ? 302 : 400, { location: `/login${search}`, "content-type": "application/json" });
    response.end('{"error":"invalid_grant"}');
  });
  let address = "";
  beforeAll(async () => {
    await new Promise<void>((listening) => canary.listen(0, "127.0.0.1", listening));
    address = `http://127.0.0.1:${portOf(canary.address())}`;
  });
  afterAll(() => canary.close());
  beforeEach(() => void visits.splice(0));
  const forms = [CLIENT_SECRET, encodeURIComponent(CLIENT_SECRET)];
  const secretsIn = () => visits.filter((visit) => forms.some((form) => visit.includes(form)));

  test("AT-16 does not go to a domain that the pool's metadata does not name", async () => {
    const { report } = await examine(app, { ...register(), COGNITO_DOMAIN: address });
    expect(visits.length).toBeGreaterThan(0);
    expect(secretsIn()).toEqual([]);
    expect(report.findings.find(({ id }) => id === "client_secret")).toMatchObject({
      status: "note",
      text: expect.stringContaining("was not sent"),
    });
  });

  test("AT-16 does not go to any domain when the pool's metadata names none", async () => {
    const env = register();
    cognito.fault("discovery", { transform: ({ authorization_endpoint: _, ...rest }) => rest });
    await examine(app, { ...env, COGNITO_DOMAIN: address });
    cognito.clearFaults();
    expect(secretsIn()).toEqual([]);
  });

  test.each(["authorize", "token", "revoke", "logout"] as const)(
    "AT-16 does not follow a redirect of %s at the pool's own domain",
    async (endpoint) => {
      const env = register();
      const match = { client_id: env.COGNITO_CLIENT_ID ?? "" };
      cognito.fault(endpoint, { redirect: `${address}/oauth2/authorize?client_id=${match.client_id}` }, { match });
      await examine(app, env);
      cognito.clearFaults();
      expect(secretsIn()).toEqual([]);
    },
  );

  test("AT-16 does not go to a domain that redirects to the login page of another host", async () => {
    const env = register();
    const match = { client_id: env.COGNITO_CLIENT_ID ?? "" };
    cognito.fault("authorize", { redirect: `${address}/login?client_id=${match.client_id}` }, { match });
    await examine(app, env);
    cognito.clearFaults();
    const asked = cognito.requests.filter(({ params }) => params.client_id === match.client_id);
    expect(asked.filter(({ params }) => "client_secret" in params)).toEqual([]);
  });
});

describe("a project with a src folder", () => {
  test("is examined from src, too", async () => {
    const root = createApp({ folder: "src" });
    const { code, report } = await examine(join(root, "src"), register());
    expect([code, idsOf(report, "fault")]).toEqual([0, []]);
  });
});

describe("the doctor", () => {
  const results = new Map<Plant, Run & { report: Report }>();
  const run = async (plant: Plant) => {
    const env = register(plant.client);
    plant.plant?.(cognito, env.COGNITO_CLIENT_ID ?? "");
    const changes = (await plant.env?.({ cognito, other })) ?? {};
    const root = plant.app ? createApp({ type: "module", ...plant.app }) : app;
    return examine(join(root, plant.app?.folder ?? ""), { ...env, ...changes });
  };
  beforeAll(async () => {
    for (const [plant, result] of await byTwo(
      plants.filter((it) => !it.isAlone),
      run,
    ))
      results.set(plant, result);
    for (const plant of plants.filter((it) => it.isAlone)) {
      cognito.clearFaults();
      results.set(plant, await run(plant));
    }
    cognito.clearFaults();
  }, 180_000);

  test.each(plants.map((plant) => [plant.title, plant] as const))(
    "reports %s, no other fault, and the way to fix it",
    (_, plant) => {
      const result = results.get(plant);
      if (!result) throw new Error("The doctor did not run");
      expect(idsOf(result.report, "fault")).toEqual([plant.check]);
      expect(result.report.findings.find(({ id }) => id === plant.check)?.fix).toMatch(plant.fix);
      expect([result.code, result.report.ok]).toEqual([1, false]);
    },
  );

  test("prints no secret, with any of these mistakes", () => {
    expect(results.size).toBe(plants.length);
    for (const result of results.values()) expectNoSecret(result);
  });

  test("does not send the secret to another pool", () => {
    expect(other.count("authorize")).toBeGreaterThan(0);
    expect(other.requests.filter(({ params }) => "client_secret" in params)).toEqual([]);
  });

  test.each([
    ["AUTH_SECRET", "short"],
    ["AUTH_SESSION_MAX_AGE", "30d"],
    ["AUTH_COOKIE_PREFIX", "my.app"],
  ])("examines the user pool although %s is wrong", async (name, value) => {
    const { report } = await examine(app, { ...register({ logoutUrls: [] }), [name]: value });
    expect(idsOf(report, "fault")).toEqual([name, "sign_out_url"]);
    expect(idsOf(report, "unchecked")).toEqual(["cookies", "cookies_many_groups"]);
  });

  test.each([
    ["COGNITO_SCOPE", "openid,email", "must include openid (scopes are separated by spaces)"],
    ["COGNITO_DOMAIN", "auth.example.com", "must start with https:// and have no path"],
  ])("says for %s=%s which values are allowed", async (name, value, text) => {
    const { report } = await examine(app, { ...register(), [name]: value });
    expect(report.findings.find(({ id }) => id === name)).toMatchObject({ status: "fault", text });
  });

  test("shows a fault with a ✘, and the fix in the next line", async () => {
    const result = await runDoctor(app, { ...register({ logoutUrls: [] }), AUTH_SECRET: "" });
    expect(result.output).toMatch(
      /✘ Sign-out URL +http:\/\/localhost:3000 is not registered\n {2}→ Cognito console → .*Allowed/,
    );
    expect(result.output).toContain("Faults: 1.");
    expect(result.code).toBe(1);
  });
});

describe("a second address that Cognito does not know", () => {
  test("is a fault for its callback URL, and another one for its sign-out URL", async () => {
    const second = "http://127.0.0.1:3000";
    const { code, report } = await examine(app, { ...register(), APP_BASE_URL: `${BASE_URL},${second}` });
    const faults = report.findings.filter(({ status }) => status === "fault").map(({ text }) => text);
    expect(faults).toEqual([`${second}/auth/callback is not registered`, `${second} is not registered`]);
    expect(code).toBe(1);
  });
});

describe("an unclear answer or a doubtful setting", () => {
  const check = async (
    changes: Environment,
    client: Partial<AppClient>,
    plant: (clientId: string) => void = () => {},
  ) => {
    const env = { ...register(client), ...changes };
    plant(env.COGNITO_CLIENT_ID ?? "");
    const { code, report } = await examine(app, env);
    expect([code, idsOf(report, "fault")]).toEqual([0, []]);
    return idsOf(report, "warning");
  };

  test.each([403, 429, 503])("is a warning: a domain that answers every request with %i", async (status) => {
    const warnings = await check({}, {}, (clientId) => {
      for (const name of ["authorize", "logout", "token", "revoke"] as const) {
        cognito.fault(name, { status, body: "<html>" }, { match: { client_id: clientId } });
      }
    });
    expect(warnings).toEqual(
      expect.arrayContaining(["domain", "client", "callback_url", "sign_out_url", "client_secret"]),
    );
  });

  test("is a warning: a session that is longer than browsers keep cookies", async () => {
    const { report } = await examine(app, { ...register(), AUTH_SESSION_MAX_AGE: "34560001" });
    expect([idsOf(report, "fault"), idsOf(report, "warning")]).toEqual([[], ["AUTH_SESSION_MAX_AGE"]]);
    expect(report.findings.find(({ id }) => id === "AUTH_SESSION_MAX_AGE")).toMatchObject({
      text: "browsers keep no cookie longer than 400 days",
      fix: "Set it to 34560000",
    });
  });

  test("is a warning: token revocation that seems off", async () => {
    expect(await check({}, { revocation: false })).toContain("revocation");
  });

  test("is a warning: a login page without a style", async () => {
    const plant = (clientId: string) => cognito.fault("login", { status: 403 }, { match: { client_id: clientId } });
    expect(await check({}, {}, plant)).toContain("login_page");
  });

  test("is a warning: 127.0.0.1 instead of localhost", async () => {
    const baseUrl = BASE_URL.replace("localhost", "127.0.0.1");
    const urls = { callbackUrls: [`${baseUrl}/auth/callback`], logoutUrls: [baseUrl] };
    expect(await check({ APP_BASE_URL: baseUrl }, urls)).toContain("loopback");
  });

  test("is a warning: two ports of one host, whose cookies browsers share", async () => {
    const urls = [BASE_URL, "http://localhost:3001"];
    const client = { callbackUrls: urls.map((it) => `${it}/auth/callback`), logoutUrls: urls };
    expect(await check({ APP_BASE_URL: urls.join(",") }, client)).toEqual(["loopback"]);
  });

  test.each([
    ["500", "fault"],
    ["5000", "warning"],
  ])("AUTH_MAX_COOKIE_BYTES=%s is a %s: the doctor says how many bytes the session needs", async (limit, status) => {
    const { report } = await examine(app, { ...register(), AUTH_MAX_COOKIE_BYTES: limit });
    const cookies = report.findings.find(({ id }) => id === "cookies");
    expect(cookies).toMatchObject({ status, text: expect.stringContaining(`AUTH_MAX_COOKIE_BYTES allows ${limit}`) });
    const [, needed = ""] = /^Set AUTH_MAX_COOKIE_BYTES to (\d+) or more/.exec(cookies?.fix ?? "") ?? [];
    const { code, report: mended } = await examine(app, { ...register(), AUTH_MAX_COOKIE_BYTES: needed });
    expect([code, idsOf(mended, "warning")]).toEqual([0, []]);
  });

  test("is a warning: the route of the resource metadata without a resource that MCP clients accept", async () => {
    const files = { "app/.well-known/oauth-protected-resource/[[...path]]/route.ts": "" };
    const folders = { routed: createApp({ files }), app };
    const find = async (folder: keyof typeof folders, resource: string) => {
      const { code, report } = await examine(folders[folder], { ...register(), COGNITO_RESOURCE: resource });
      expect([code, idsOf(report, "fault")]).toEqual([0, []]);
      return report.findings.find(({ id }) => id === "resource_metadata");
    };
    const fix = expect.stringContaining(
      `set COGNITO_RESOURCE to the URL of your MCP route, such as ${BASE_URL}/api/mcp`,
    );
    for (const resource of ["https://other.example/api/mcp", `${BASE_URL}0/api/mcp`, "urn:example:orders"]) {
      expect(await find("routed", resource)).toMatchObject({ status: "warning", fix });
    }
    expect(await find("routed", "")).toMatchObject({ status: "warning", text: expect.stringContaining("404") });
    expect(await find("routed", `${BASE_URL}/api/mcp`)).toMatchObject({ status: "ok" });
    expect(await find("app", `${BASE_URL}/api/mcp`)).toMatchObject({ status: "note" }); // Bound tokens need no route.
  });

  test.each([
    ["AUTH_SECRT", "AUTH_SECRET"],
    ["AUHT_COOKIE_PREFIX", "AUTH_COOKIE_PREFIX"],
    ["COGNITO_SCOPES", "COGNITO_SCOPE"],
    ["COGNTIO_JWKS", "COGNITO_JWKS"],
    ["auth_session_max_age", "AUTH_SESSION_MAX_AGE"],
  ])("is a warning: %s, which resembles %s", async (name, meant) => {
    const { report } = await examine(app, { ...register(), AUTH_SECRET: "", [name]: "value" });
    expect(idsOf(report, "fault")).toEqual([]);
    expect(report.findings.find(({ id }) => id === "misspelled_variables")).toMatchObject({
      status: "warning",
      text: `the kit does not read ${name}`,
      fix: `Perhaps ${meant}`,
    });
  });

  test("is a fault when it replaces a required variable: APP_BASE_ULR", async () => {
    const { APP_BASE_URL: url = "", ...env } = register();
    const { report } = await examine(app, { ...env, APP_BASE_ULR: url });
    expect([idsOf(report, "fault"), idsOf(report, "warning")]).toEqual([["APP_BASE_URL"], ["misspelled_variables"]]);
  });

  test("is not a variable of the app, of another library or of the kit's next release", async () => {
    const own = { APP_NAME: "a", APP_URL: "a", APP_ENV: "a", AUTH_URL: "a", AUTH_GOOGLE_ID: "a", COGNITO_REGION: "a" };
    const next = { COGNITO_RESOURCE: "https://a.example", AUTH_SESSION_IDLE: "3600", AUTH_MAX_COOKIE_BYTES: "8000" };
    expect(await check({ ...own, ...next, COGNITO_CLIENT_ID_2: "a" }, {})).toEqual([]);
  });

  test.each([
    ["a public client without AUTH_SECRET", "", undefined, /refresh cookies reach Cognito.*extend its own session/],
    [
      "a client secret of 23 characters without AUTH_SECRET",
      "k3fj2l5q8w9e7r6t1y0uiop",
      "",
      /COGNITO_CLIENT_SECRET is easy to guess/,
    ],
    [
      "a client secret of few different characters without AUTH_SECRET",
      "changemechangemechangeme",
      "",
      /is easy to guess/,
    ],
  ])("AT-13 is a warning: %s", async (_, secret, clientSecret, words) => {
    const env = {
      ...register({ clientSecret: clientSecret ?? undefined }),
      COGNITO_CLIENT_SECRET: secret,
      AUTH_SECRET: "",
    };
    if (secret)
      cognito.clients.push({
        clientId: `weak${secret}`,
        clientSecret: secret,
        callbackUrls: [`${BASE_URL}/auth/callback`],
        logoutUrls: [BASE_URL],
      });
    const { code, report } = await examine(app, secret ? { ...env, COGNITO_CLIENT_ID: `weak${secret}` } : env);
    expect([code, idsOf(report, "fault"), idsOf(report, "warning")]).toEqual([0, [], ["cookie_key"]]);
    const finding = report.findings.find(({ id }) => id === "cookie_key");
    expect(finding).toMatchObject({
      text: expect.stringMatching(words),
      fix: expect.stringContaining("openssl rand"),
    });
  });

  test("AT-13 is a warning: an AUTH_SECRET of few different characters", async () => {
    const { report } = await examine(app, { ...register(), AUTH_SECRET: "changeme".repeat(4) });
    expect([idsOf(report, "fault"), idsOf(report, "warning")]).toEqual([[], ["cookie_key"]]);
    const finding = report.findings.find(({ id }) => id === "cookie_key");
    expect(finding?.text).toContain("AUTH_SECRET is easy to guess");
  });

  test.each(["NEXT_PUBLIC_COGNITO_CLIENT_SECRET", "NEXT_PUBLIC_AUTH_SECRET"])(
    "CF-04 is a warning: %s, which has the name of a secret and another value",
    async (name) => {
      const { report } = await examine(app, { ...register(), [name]: "another value" });
      expect([idsOf(report, "fault"), idsOf(report, "warning")]).toEqual([[], ["public_secrets"]]);
      expect(report.findings.find(({ id }) => id === "public_secrets")?.text).toContain(name);
    },
  );

  test("AT-13 is not a client secret that Cognito created, without AUTH_SECRET", async () => {
    expect(await check({ AUTH_SECRET: "" }, {})).toEqual([]);
  });
});

describe("the kit without its variables", () => {
  test("CF-01 names each missing variable, and the doctor", () => {
    const error = catchError(() => parseConfig({ COGNITO_CLIENT_ID: "a" }));
    expect(error).toMatchObject({ code: "config_invalid" });
    expect(error).toMatchObject({ message: expect.stringContaining("npx -y tsx lib/auth/tools/doctor") });
    expect(error).toMatchObject({ problems: { COGNITO_ISSUER: "COGNITO_ISSUER is missing" } });
  });
});

describe("the doctor in a copied app", () => {
  test("runs by the path of its folder without a type in package.json, and reads .env.local", async () => {
    const { COGNITO_CLIENT_SECRET: secret = "", ...env } = register();
    const root = createApp({ files: { ".env.local": `COGNITO_CLIENT_SECRET="${secret}"\n` } });
    const result = await runByTsx(root, env, "lib/auth/tools/doctor");
    expect(result.output).toContain("Variables from the environment, .env.local\n");
    expect(result.output).toContain("✔ COGNITO_CLIENT_SECRET            set\n");
    expect(result.code).toBe(0);
    expectNoSecret(result);
  });

  test.each(["module", undefined] as const)("runs by the path of its folder in src, with type %s", async (type) => {
    const result = await runByTsx(createApp({ type, folder: "src" }), register(), "src/lib/auth/tools/doctor");
    expect(result.output).toContain("✔ Middleware                       src/middleware.ts");
    expect(result.code).toBe(0);
  });

  test.each(["module", undefined] as const)("names jose when it is not installed, with type %s", async (type) => {
    const result = await runByTsx(createApp({ type, without: "jose" }), {}, "lib/auth/tools/doctor");
    expect(result.output).toContain("✘ Package jose                     is not installed");
    expect(result.output).toContain("npm install jose server-only");
    expect(result.output).toMatch(/\nFaults: 1\. Warnings: 0\. Not checked: 0\.\n$/);
    expect(result.output).not.toMatch(/\n\s+at /);
    expect(result.code).toBe(1);
  });

  test.each([
    ["pnpm-workspace.yaml", { "pnpm-workspace.yaml": "packages:\n  - apps/*\n", "package.json": "{}" }],
    ["workspaces in package.json", { "package.json": '{ "workspaces": ["apps/*"] }' }],
  ])(
    "names the app's folder when it runs in the root of a workspace (%s), and checks nothing else",
    async (_, files) => {
      const root = createApp({ folder: "apps/web/src", files: { "apps/web/package.json": "{}", ...files } });
      const result = await runByTsx(root, {}, "apps/web/src/lib/auth/tools/doctor");
      expect(result.output).toContain("is the root of a workspace");
      expect(result.output).toContain("→ cd apps/web && npx -y tsx src/lib/auth/tools/doctor\n");
      expect(result.output).toMatch(/\nFaults: 1\. Warnings: 0\. Not checked: 0\.\n$/);
      expect(result.code).toBe(1);
    },
  );

  test("says in one line that no user pool is set, and how to try the app with a stand-in", async () => {
    const result = await runByTsx(createApp(), {}, "lib/auth/tools/doctor");
    expect(result.output).toContain(
      "No user pool is set. To try the app with a stand-in: npx -y tsx tests/cognito/dev.ts\n",
    );
    expect(result.output).toMatch(/\nFaults: 1\. Warnings: 0\. Not checked: 0\.\n$/);
    expect(result.output).not.toMatch(/^–/m);
    expect(result.output).toMatch(/^✔ Middleware/m);
    expect(result.code).toBe(1);
  });

  test("finds no user pool in an unchanged .env.example", async () => {
    const example = readFileSync(new URL("../../../.env.example", import.meta.url), "utf8");
    const { report } = await examine(createApp({ files: { ".env.local": example } }), {});
    expect([idsOf(report, "fault"), idsOf(report, "warning")]).toEqual([["user_pool"], []]);
  });

  test("names another wrong variable although no user pool is set", async () => {
    const { report } = await examine(createApp(), { AUTH_SECRET: "short", NEXT_PUBLIC_AUTH_SECRET: "a" });
    expect(idsOf(report, "fault")).toEqual(["user_pool", "AUTH_SECRET"]);
    expect(idsOf(report, "warning")).toEqual(["public_secrets"]);
  });

  test("names each missing variable when one is set, and lists in one line what it did not check", async () => {
    const { output, code } = await runByTsx(createApp(), { COGNITO_CLIENT_ID: "a" }, "lib/auth/tools/doctor");
    for (const name of ["COGNITO_ISSUER", "COGNITO_DOMAIN", "APP_BASE_URL"]) {
      expect(output).toMatch(new RegExp(`^✘ ${name} +is missing\n`, "m"));
    }
    expect(output.match(/^–.*$/gm)).toEqual([
      "– Not checked until you fix the ✘: User pool, App client, Session, Address",
    ]);
    expect(code).toBe(1);
  });
});
