import { spawn } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Person, startTestPool, type TestPool } from "../../cognito/testing";

const appUrl = "http://localhost:3210";
let pool: TestPool;
let app: ReturnType<typeof spawn>;

beforeAll(async () => {
  pool = await startTestPool({ appUrl });
  app = spawn("node", ["node_modules/next/dist/bin/next", "start", "-p", "3210"], {
    env: { ...process.env, ...pool.env },
  });
  while (!(await fetch(appUrl).catch(() => null))) await new Promise((resolve) => setTimeout(resolve, 100));
}, 60_000);

afterAll(async () => {
  app.kill();
  await pool.close();
});

const visit = async (path: string, person: Person) => {
  const cookie = (await pool.signedInCookies(person)).map(({ name, value }) => `${name}=${value}`).join("; ");
  return fetch(appUrl + path, { headers: { cookie } });
};

test.each(["admin", "no-groups", "federated", "expired"] as const)("%s sees the dashboard", async (person) => {
  const { status, url } = await visit("/dashboard", person);
  expect([status, url]).toEqual([200, `${appUrl}/dashboard`]);
});

test("only an admin sees the admin page", async () => {
  expect((await visit("/admin", "admin")).status).toBe(200);
  expect((await visit("/admin", "no-groups")).status).toBe(403);
});

test("the API takes an admin's token, but no machine's and no expired one", async () => {
  const call = async (who: string) =>
    (await fetch(`${appUrl}/api/me`, { headers: { authorization: `Bearer ${await pool.bearerFor(who)}` } })).status;
  expect([await call("admin"), await call("machine"), await call("expired")]).toEqual([200, 403, 401]);
});
