// npx -y tsx tests/lab/deploy/opennext.ts: a new Next.js project with the kit, built by OpenNext for Cloudflare Workers and run in
// workerd by `wrangler dev`: nothing is deployed. Installs all of it (1 GB) in tests/.output/opennext at the first run.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startCognito } from "../../cognito";
import { findFreePort } from "../../e2e/support/ports";
import { FETCH } from "../../e2e/support/raw";
import { Visitor } from "./visitor";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const OUTPUT = join(ROOT, "tests/.output");
const APP = join(OUTPUT, "opennext");
const CREATE_FLAGS = "--yes --ts --no-eslint --app --no-src-dir --no-tailwind --use-npm --disable-git --skip-install";
const PACKAGES = ["jose", "server-only", "@opennextjs/cloudflare@1.20.13", "wrangler@4.164.0", "node@22"]; // wrangler's Node
const CLIENT_ID = "3a1b2c4d5e6f7g8h9i0jklmnop";
const CALLS = 5;

const LAYOUT = `export default function Layout({ children }: { children: React.ReactNode }) {
  return <html lang="en"><body>{children}</body></html>;
}`;
const PAGE = `import { requireSession } from "@/lib/auth/session";
export default async function Page() {
  const { user } = await requireSession();
  return <p>{\`Hello \${user.username}\`}</p>;
}`;
const FILES = {
  "app/layout.tsx": LAYOUT, // Not create-next-app's, which fetches fonts.
  "app/page.tsx": "export default function Page() { return <p>Public</p>; }",
  "app/dashboard/page.tsx": PAGE,
  "next.config.ts": "export default {};", // Not create-next-app's: with cacheComponents even public pages answer 500.
  "open-next.config.ts": `import { defineCloudflareConfig } from "@opennextjs/cloudflare";\nexport default defineCloudflareConfig();`,
  "wrangler.jsonc": JSON.stringify({
    name: "app",
    main: ".open-next/worker.js",
    compatibility_date: "2026-01-01",
    compatibility_flags: ["nodejs_compat", "global_fetch_strictly_public"],
    assets: { directory: ".open-next/assets", binding: "ASSETS" },
  }),
};

createProject();
const port = await findFreePort();
const origin = `http://localhost:${port}`;
const client = { clientId: CLIENT_ID, clientSecret: "s3cret+with+plus" };
const cognito = await startCognito({
  clients: [{ ...client, callbackUrls: [`${origin}/auth/callback`], logoutUrls: [origin] }],
  settings: { rotation: true, graceSeconds: 0 },
});
const wrangler = await startWrangler({
  COGNITO_ISSUER: cognito.issuer,
  COGNITO_DOMAIN: cognito.domain,
  COGNITO_CLIENT_ID: client.clientId,
  COGNITO_CLIENT_SECRET: client.clientSecret,
  APP_BASE_URL: origin,
});
try {
  await visit();
} finally {
  wrangler.kill();
  await cognito.close();
}

async function visit(): Promise<void> {
  const visitor = new Visitor(origin);
  assert.equal((await visitor.get("/")).status, 200);
  assert.equal((await visitor.get("/dashboard")).headers.location, "/auth/login?returnTo=%2Fdashboard");
  assert.equal((await visitor.get("/dashboard", FETCH)).status, 401);
  done("nobody signed in: the public page, 303 to sign-in for a page, 401 for a fetch");
  await visitor.signIn((url) => cognito.authorize(url, "ada"));
  assert.match((await visitor.get("/dashboard")).body, /Hello ada/);
  done("sign-in, and the page of the signed-in user");
  for (const name of visitor.jar.keys()) if (/\.(access|id)\b/.test(name)) visitor.jar.delete(name);
  cognito.clearRequests();
  const answers = await Promise.all(Array.from({ length: CALLS }, () => visitor.get("/dashboard")));
  for (const { body } of answers) assert.match(body, /Hello ada/);
  assert.equal(cognito.count("token"), 1);
  done(`${CALLS} pages at once with a used-up access token: one refresh, no grace period needed`);
}

function createProject(): void {
  if (!existsSync(join(APP, "node_modules/wrangler"))) {
    mkdirSync(OUTPUT, { recursive: true });
    run("npx", ["-y", "create-next-app@latest", "opennext", ...CREATE_FLAGS.split(" ")], OUTPUT);
    run("npm", ["install", "--no-audit", "--no-fund", "--legacy-peer-deps", ...PACKAGES], APP);
  }
  for (const path of ["lib/auth", "app/auth", "middleware.ts"])
    cpSync(join(ROOT, path), join(APP, path), { recursive: true });
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(APP, path)), { recursive: true });
    writeFileSync(join(APP, path), text);
  }
  run("npx", ["opennextjs-cloudflare", "build"], APP);
}

async function startWrangler(variables: Record<string, string>): Promise<ChildProcess> {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  writeFileSync(join(APP, ".dev.vars"), lines.join("\n"));
  const args = ["node_modules/wrangler/bin/wrangler.js", "dev", "--ip", "127.0.0.1", "--port", String(port)];
  const node = join(APP, "node_modules/node/bin/node");
  const child = spawn(node, args, { cwd: APP, env: environment(), stdio: "ignore" });
  for (;;) {
    const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (isUp) return child;
    if (child.exitCode !== null) throw new Error("wrangler did not start");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function run(command: string, args: string[], cwd: string): void {
  execFileSync(command, args, { cwd, env: environment(), stdio: ["ignore", "ignore", "inherit"] });
}

/** wrangler needs Node 22. */
function environment(): NodeJS.ProcessEnv {
  const path = `${join(APP, "node_modules/node/bin")}:${process.env.PATH}`;
  return { ...process.env, PATH: path, CI: "1", WRANGLER_SEND_METRICS: "false", NEXT_TELEMETRY_DISABLED: "1" };
}

function done(claim: string): void {
  console.log(`✔ ${claim}`);
}
