import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AppClient, type Cognito, startCognito } from "../cognito";
import { type Plant, plants } from "./plants";
import {
  byTwo,
  createApp,
  type Environment,
  examine,
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

const idsOf = ({ findings }: Report, status: string) =>
  findings.filter((it) => it.status === status).map((it) => it.id);

function expectNoSecret({ output }: Run): void {
  for (const secret of [CLIENT_SECRET, AUTH_SECRET]) expect(output).not.toContain(secret);
}

describe("a good set-up", () => {
  test("has no fault, and exit code 0", async () => {
    const result = await runDoctor(app, register());
    expect(result.output).not.toContain("✘");
    expect(result.output).toContain("✔ Callback URL");
    expect(result.output).toMatch(/\n0 at fault, \d+ to look at, 0 not checked\n$/);
    expect(result.code).toBe(0);
    expectNoSecret(result);
  });

  test("is only read: no sign-in starts, and no token is issued, refreshed or revoked", async () => {
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

  test("may be a public client's, without sealed cookies and on a public address", async () => {
    const baseUrl = "https://app.example/shop";
    const shop = createApp({
      files: { "next.config.mjs": null, "next.config.ts": "const c = {\n  basePath: '/shop',\n};" },
    });
    const client = { clientSecret: undefined, callbackUrls: [`${baseUrl}/auth/callback`], logoutUrls: [baseUrl] };
    const env = { ...register(client), APP_BASE_URL: baseUrl, COGNITO_CLIENT_SECRET: "", AUTH_SECRET: "" };
    const { code, report } = await examine(shop, env);
    expect([code, idsOf(report, "fault")]).toEqual([0, []]);
  });

  test("may have a second domain", async () => {
    const second = cognito.domain.replace("127.0.0.1", "localhost");
    const { code, report } = await examine(app, { ...register(), COGNITO_DOMAIN: second });
    expect([code, idsOf(report, "fault")]).toEqual([0, []]);
    expect(report.findings.find(({ id }) => id === "domain_pool")?.text).toContain("second domain");
  });
});

describe("a project with a src folder", () => {
  test("is examined from the folder where the kit is, too", async () => {
    const root = createApp({ folder: "src" });
    const { code, report } = await examine(join(root, "src"), register());
    expect([code, idsOf(report, "fault")]).toEqual([0, []]);
  });
});

describe("one run", () => {
  const results = new Map<Plant, Run & { report: Report }>();
  const run = async (plant: Plant) => {
    const env = register(plant.client);
    plant.plant?.(cognito, env.COGNITO_CLIENT_ID ?? "");
    const changes = (await plant.env?.({ cognito, other })) ?? {};
    return examine(plant.app ? createApp({ type: "module", ...plant.app }) : app, { ...env, ...changes });
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
    "names %s, only that, and how it is mended",
    (_, plant) => {
      const result = results.get(plant);
      if (!result) throw new Error("It did not run");
      expect(idsOf(result.report, "fault")).toEqual([plant.check]);
      expect(result.report.findings.find(({ id }) => id === plant.check)?.mend).toMatch(plant.mend);
      expect([result.code, result.report.ok]).toEqual([1, false]);
    },
  );

  test("prints no secret", () => {
    expect(results.size).toBe(plants.length);
    for (const result of results.values()) expectNoSecret(result);
  });

  test("sends the secret to no other pool", () => {
    expect(other.count("authorize")).toBeGreaterThan(0);
    expect(other.requests.filter(({ params }) => "client_secret" in params)).toEqual([]);
  });

  test("shows a fault with a ✘, and below it the mend", async () => {
    const result = await runDoctor(app, { ...register({ logoutUrls: [] }), AUTH_SECRET: "" });
    expect(result.output).toMatch(
      /✘ Sign-out URL +http:\/\/localhost:3000 is not registered\n {2}→ Cognito console → .*Allowed/,
    );
    expect(result.output).toContain("1 at fault");
    expect(result.code).toBe(1);
  });
});

describe("what cannot be told", () => {
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

  test.each([403, 429, 503])("is no fault: a domain that answers %i to everything", async (status) => {
    const warnings = await check({}, {}, (clientId) => {
      for (const name of ["authorize", "logout", "token", "revoke"] as const) {
        cognito.fault(name, { status, body: "<html>" }, { match: { client_id: clientId } });
      }
    });
    expect(warnings).toEqual(
      expect.arrayContaining(["domain", "client", "callback_url", "sign_out_url", "client_secret"]),
    );
  });

  test("is no fault: token revocation that seems off", async () => {
    expect(await check({}, { revocation: false })).toContain("revocation");
  });

  test("is no fault: a login page that has no style", async () => {
    const plant = (clientId: string) => cognito.fault("login", { status: 403 }, { match: { client_id: clientId } });
    expect(await check({}, {}, plant)).toContain("login_page");
  });

  test("is no fault: 127.0.0.1 instead of localhost", async () => {
    const baseUrl = BASE_URL.replace("localhost", "127.0.0.1");
    const urls = { callbackUrls: [`${baseUrl}/auth/callback`], logoutUrls: [baseUrl] };
    expect(await check({ APP_BASE_URL: baseUrl }, urls)).toContain("loopback");
  });

  test("is no fault: a variable that the kit does not read", async () => {
    expect(await check({ COGNITO_SCOPES: "openid" }, {})).toContain("unknown_variables");
  });
});

describe("a copy", () => {
  test("without a type in its package.json runs by its folder, with the variables of its .env.local", async () => {
    const { COGNITO_CLIENT_SECRET: secret = "", ...env } = register();
    const root = createApp({ files: { ".env.local": `COGNITO_CLIENT_SECRET="${secret}"\n` } });
    const result = await runByTsx(root, env, "lib/auth/doctor");
    expect(result.output).toContain("Variables from the environment, .env.local\n");
    expect(result.output).toContain("✔ COGNITO_CLIENT_SECRET            set\n");
    expect(result.code).toBe(0);
    expectNoSecret(result);
  });

  test.each(["module", undefined] as const)("in src runs by its folder, with type %s", async (type) => {
    const result = await runByTsx(createApp({ type, folder: "src" }), register(), "src/lib/auth/doctor");
    expect(result.output).toContain("✔ Middleware                       src/middleware.ts");
    expect(result.code).toBe(0);
  });

  test("without any variable names each that is missing", async () => {
    const { code, report } = await examine(createApp(), {});
    expect(idsOf(report, "fault")).toEqual(["COGNITO_ISSUER", "COGNITO_DOMAIN", "COGNITO_CLIENT_ID", "APP_BASE_URL"]);
    expect(idsOf(report, "unchecked")).toContain("client_secret");
    expect(code).toBe(1);
  });
});
