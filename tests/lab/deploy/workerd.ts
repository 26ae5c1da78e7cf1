// npx -y tsx tests/lab/deploy/workerd.ts: the kit's code in workerd, the runtime of Cloudflare Workers. Installs miniflare and
// esbuild (160 MB) in tests/.output/workerd at the first run. Not Next on Workers: that is OpenNext's, and not run here.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startCognito } from "../../cognito";
import { findFreePort } from "../../e2e/support/ports";
import { getBytes } from "../../e2e/support/raw";
import { Visitor } from "./visitor";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const FOLDER = join(ROOT, "tests/.output/workerd");
const PACKAGES = ["miniflare@4.20260120.0", "esbuild@0.27"]; // A later miniflare needs Node 22.
const CLIENT_ID = "3a1b2c4d5e6f7g8h9i0jklmnop";
const CALLS = 5;

interface Worker {
  readonly ready: Promise<URL>;
  dispose(): Promise<void>;
}

const port = await findFreePort();
const origin = `http://localhost:${port}`;
const client = {
  clientId: CLIENT_ID,
  clientSecret: "s3cret+with+plus",
  callbackUrls: [`${origin}/auth/callback`],
  logoutUrls: [origin],
};
const cognito = await startCognito({ clients: [client], settings: { rotation: true, graceSeconds: 0 } });
const worker = startWorker({
  COGNITO_ISSUER: cognito.issuer,
  COGNITO_DOMAIN: cognito.domain,
  COGNITO_CLIENT_ID: CLIENT_ID,
  COGNITO_CLIENT_SECRET: client.clientSecret,
  APP_BASE_URL: origin,
  AUTH_SECRET: "a-secret-of-more-than-thirty-two-bytes",
});
await worker.ready;

const anonymous = new Visitor(origin);
assert.deepEqual(JSON.parse((await anonymous.get("/me")).body), { status: "signed_out", username: null });
done("nobody is signed in without cookies");

const visitor = new Visitor(origin);
const callback = await visitor.signIn((url) => cognito.authorize(url, "ada"));
assert.equal(callback.headers.location, `${origin}/me`);
assert.deepEqual(JSON.parse((await visitor.get("/me")).body), { status: "signed_in", username: "ada" });
done("sign-in: redirect, code, tokens, sealed cookies, and the session of the next request");

const token = await cognito.accessTokenFor("grace", { clientId: CLIENT_ID });
const byToken = await anonymous.get("/me", { authorization: `Bearer ${token}` });
assert.deepEqual(JSON.parse(byToken.body), { status: "signed_in", username: "grace" });
const forged = await anonymous.get("/me", { authorization: `Bearer ${token.slice(0, -8)}AAAAAAAA` });
assert.equal(JSON.parse(forged.body).status, "signed_out");
done("Bearer: a good token, and a forged one");

for (const name of visitor.jar.keys()) if (/\.(access|id)\b/.test(name)) visitor.jar.delete(name);
cognito.clearRequests();
const answers = await Promise.all(Array.from({ length: CALLS }, () => visitor.get("/me")));
for (const { body } of answers) assert.equal(JSON.parse(body).status, "signed_in");
assert.equal(cognito.count("token"), 1);
done(`${CALLS} requests at once with a used-up access token: one refresh, no grace period needed`);

// workerd decodes headers as UTF-8, so String.trim() would remove more there than in Node.
const NOT_SPACES = {
  "0xA0": "\xa0",
  "U+00A0": "\xc2\xa0",
  "U+2000": "\xe2\x80\x80",
  "U+3000": "\xe3\x80\x80",
  "U+FEFF": "\xef\xbb\xbf",
};
const other = new Visitor(origin);
await other.signIn((url) => cognito.authorize(url, "ada"));
const access = [...other.jar].filter(([name]) => /\.access\b/.test(name)).map((pair) => pair.join("="));
const ask = async (before: string) =>
  (await getBytes(origin, "/me", [`cookie: ${["first=1", ...access.map((pair) => before + pair)].join("; ")}`])).body;
assert.match(await ask(" \t"), /"signed_in"/);
for (const [what, before] of Object.entries(NOT_SPACES)) assert.match(await ask(before), /"signed_out"/, what);
done(`AT-01 a cookie does not count with ${Object.keys(NOT_SPACES).join(", ")} before its name`);

await worker.dispose();
await cognito.close();

function startWorker(bindings: Record<string, string>): Worker {
  if (!existsSync(join(FOLDER, "node_modules/miniflare"))) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, "package.json"), "{}");
    execFileSync("npm", ["install", "--no-audit", "--no-fund", ...PACKAGES], { cwd: FOLDER, stdio: "inherit" });
  }
  const outfile = join(FOLDER, "worker.mjs");
  const flags = ["--bundle", "--format=esm", "--conditions=workerd", "--platform=neutral", "--main-fields=module,main"];
  const esbuild = join(FOLDER, "node_modules/.bin/esbuild");
  execFileSync(esbuild, ["tests/lab/deploy/worker.ts", ...flags, `--outfile=${outfile}`], {
    cwd: ROOT,
    stdio: "inherit",
  });
  const { Miniflare }: { Miniflare: new (options: object) => Worker } = createRequire(join(FOLDER, "x.js"))(
    "miniflare",
  );
  return new Miniflare({
    modules: true,
    script: readFileSync(outfile, "utf8"),
    host: "localhost",
    port,
    compatibilityDate: "2026-01-01",
    compatibilityFlags: ["nodejs_compat"], // Fills process.env with the bindings.
    bindings,
  });
}

function done(claim: string): void {
  console.log(`✔ ${claim}`);
}
