// The doctor with a store for sessions: it says which one is on, and whether it works.
import { cpSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cognito, startCognito } from "../../cognito";
import { createApp, type Environment, examine, type Report, removeApps, runByTsx, runDoctor } from "./run";
import { AUTH_SECRET, BASE_URL, CLIENT_SECRET } from "./set-up";

const STORES = fileURLToPath(new URL("../../../lib/auth-extras/stores", import.meta.url));

/** A store that keeps the contract. */
const GOOD = `
const entries = new Map<string, { value: string; version: string }>();
const good = {
  get: async (key) => entries.get(key) ?? null,
  put: async (key, value, { ifVersion }) => {
    if ((entries.get(key)?.version ?? null) !== ifVersion) return false;
    entries.set(key, { value, version: String(Math.random()) });
    return true;
  },
  delete: async (key) => void entries.delete(key),
};
`;
const storeOf = (members: string) => `${GOOD}export const store = { ...good, ${members} };\n`;
const MEMORY = `${GOOD}Reflect.set(globalThis, Symbol.for("nextjs-cognito-auth.memory-store"), entries);
export const store = good;\n`;

let cognito: Cognito;
let env: Record<string, string>;
beforeAll(async () => {
  const urls = { callbackUrls: [`${BASE_URL}/auth/callback`], logoutUrls: [BASE_URL] };
  cognito = await startCognito({ clients: [{ clientId: "client", clientSecret: CLIENT_SECRET, ...urls }] });
  const pool = { COGNITO_ISSUER: cognito.issuer, COGNITO_DOMAIN: cognito.domain, COGNITO_CLIENT_ID: "client" };
  env = { ...pool, COGNITO_CLIENT_SECRET: CLIENT_SECRET, APP_BASE_URL: BASE_URL, AUTH_SECRET };
}, 30_000);
afterAll(async () => {
  removeApps();
  await cognito?.close();
});

const appWith = (source: string) => createApp({ type: "module", files: { "lib/auth/store.ts": source } });
/** Gives an app the file of Next 16 for middleware in Node. */
function useProxy(root: string): string {
  renameSync(join(root, "middleware.ts"), join(root, "proxy.ts"));
  return root;
}
const idsOf = ({ findings }: Report, status: string) =>
  findings.filter((it) => it.status === status).map(({ id }) => id);

test("the doctor says that sessions are in cookies, and asks no store", async () => {
  const { output, code } = await runDoctor(createApp({ type: "module" }), env);
  expect(output).toMatch(/\nStore\n✔ Session store +none: sessions are in cookies\n/);
  expect([code, output.match(/^[✘!–].*$/gm)]).toEqual([0, null]);
});

test("the doctor finds a good store, and leaves nothing in it", async () => {
  const { output, code } = await runDoctor(
    appWith(`${storeOf("")}process.on("exit", () => console.log("left: " + entries.size));`),
    env,
  );
  expect(output).toMatch(/✔ Session store +on, in lib\/auth\/store\.ts\n/);
  expect(output).toMatch(/✔ The store answers +a read took \d+ ms\n/);
  expect(output).toMatch(/✔ The store keeps its contract/);
  expect(output).toContain("left: 0\n");
  expect([code, output.match(/^[✘!–].*$/gm)]).toEqual([0, null]);
});

test("the doctor names the store that was copied, as TypeScript with tsx", { timeout: 60_000 }, async () => {
  const source = `import { createMemoryStore } from "@/lib/auth-extras/stores/memory";
import type { SessionStore } from "./session";
export const store: SessionStore | null = createMemoryStore();\n`;
  const root = useProxy(createApp({ files: { "lib/auth/store.ts": source } }));
  mkdirSync(join(root, "lib/auth-extras"), { recursive: true });
  cpSync(STORES, join(root, "lib/auth-extras/stores"), { recursive: true });
  const { code, output } = await runByTsx(root, env, "lib/auth/tools/doctor");
  expect([code, output]).toEqual([0, expect.stringMatching(/✔ Session store +memory, in lib\/auth\/store\.ts/)]);
  expect(output).toMatch(/✔ The store keeps its contract/);
});

test("the doctor ends although the store keeps a connection open", async () => {
  const { code } = await runDoctor(appWith(`setInterval(() => {}, 1_000);${storeOf("")}`), env);
  expect(code).toBe(0);
});

interface Mistake {
  readonly title: string;
  readonly finding: string;
  readonly status?: "warning";
  readonly hasProxy?: true;
  readonly text: RegExp;
  readonly source: string;
  readonly env?: Environment;
}

const mistakes: readonly Mistake[] = [
  {
    title: "a store without AUTH_SECRET",
    finding: "store_secret",
    text: /config_invalid/,
    source: storeOf(""),
    env: { AUTH_SECRET: "" },
  },
  {
    title: "a store that refuses the connection",
    finding: "store_read",
    text: /^The store failed: connect ECONNREFUSED 127\.0\.0\.1:1$/,
    source: storeOf("get: async () => { throw new Error('connect ECONNREFUSED 127.0.0.1:1'); }"),
  },
  {
    title: "a store that does not answer within 3 s",
    finding: "store_read",
    text: /did not answer/,
    source: storeOf("get: () => new Promise((resolve) => setTimeout(resolve, 60_000))"),
  },
  {
    title: "a store that may read only",
    finding: "store_write",
    text: /AccessDenied/,
    source: storeOf("put: async () => { throw new Error('DynamoDB PutItem: AccessDeniedException'); }"),
  },
  {
    title: "a store that may not delete",
    finding: "store_write",
    text: /AccessDenied/,
    source: storeOf("delete: async () => { throw new Error('DynamoDB DeleteItem: AccessDeniedException'); }"),
  },
  {
    title: "a store that ignores ifVersion",
    finding: "store_write",
    text: /ifVersion null replaces an entry/,
    source: storeOf("put: async (key, value) => !!entries.set(key, { value, version: String(Math.random()) })"),
  },
  {
    title: "a store whose reads are old",
    finding: "store_write",
    text: /does not return the value of the put before it/,
    source: storeOf("get: async () => null"),
  },
  {
    title: "a store that repeats its versions",
    finding: "store_write",
    text: /old version replaces the entry/,
    source: storeOf(`put: async (key, value, { ifVersion }) =>
      (entries.get(key)?.version ?? null) === ifVersion && !!entries.set(key, { value, version: "1" })`),
  },
  {
    title: "a store.ts that cannot be loaded",
    finding: "store",
    text: /cannot be loaded: TypeError/,
    source: "export const store = JSON.parse('null').url;\n",
  },
  {
    title: "the memory store with middleware at the edge",
    finding: "store",
    text: /memory cannot be used from middleware\.ts/,
    source: MEMORY,
  },
  {
    title: "the memory store in production",
    finding: "store",
    status: "warning",
    hasProxy: true,
    text: /a restart signs every user out/,
    source: MEMORY,
    env: { NODE_ENV: "production" },
  },
];

describe("the doctor finds", () => {
  test.concurrent.each(mistakes)(
    "$title",
    { timeout: 60_000 },
    async ({ finding, status = "fault", hasProxy, text, source, env: more }) => {
      const root = hasProxy ? useProxy(appWith(source)) : appWith(source);
      const { report, output, code } = await examine(root, { ...env, ...more });
      expect(idsOf(report, status)).toContain(finding);
      expect(report.findings.find(({ id }) => id === finding)).toMatchObject({
        text: expect.stringMatching(text),
        fix: expect.stringMatching(/./),
      });
      expect(code).toBe(idsOf(report, "fault").length > 0 ? 1 : 0);
      for (const secret of [CLIENT_SECRET, AUTH_SECRET]) expect(output).not.toContain(secret);
    },
  );
});
