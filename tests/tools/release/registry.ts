// npm run registry -- [folder]: writes the kit as one shadcn registry item, auth.json. Any static host can serve it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFiles } from "../../../lib/auth/tools/release/files";
import { MANIFEST_PATH, readManifest } from "../../../lib/auth/tools/release/manifest";
import { ROOT } from "./manifest";

const folder = process.argv[2] ?? join(ROOT, "tests/.output/registry");
const files = new Map([...findFiles(ROOT), [MANIFEST_PATH, join(ROOT, MANIFEST_PATH)]]);
const item = {
  $schema: "https://ui.shadcn.com/schema/registry-item.json",
  name: "auth",
  type: "registry:item", // With this type the CLI needs no components.json, and does not change the files.
  title: "Sign-in with Amazon Cognito",
  description: "Copy-in sign-in with Amazon Cognito for Next.js: lib/auth, app/auth and middleware.ts",
  meta: { version: readManifest(join(ROOT, MANIFEST_PATH))?.version },
  dependencies: ["jose", "server-only"],
  files: [...files].map(([path, place]) => {
    return { path, type: "registry:file", target: path, content: readFileSync(place, "utf8") };
  }),
  docs: "Set COGNITO_ISSUER, COGNITO_DOMAIN, COGNITO_CLIENT_ID and APP_BASE_URL (and COGNITO_CLIENT_SECRET, if the client has one).",
};
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "auth.json"), JSON.stringify(item, null, 2));
console.log(`${join(folder, "auth.json")}: ${item.files.length} files`);
