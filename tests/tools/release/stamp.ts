// npm run stamp: writes the manifest of the kit. Run it after every change in lib/auth, app/auth or middleware.ts.
import { writeFileSync } from "node:fs";
import { MANIFEST_PATH } from "../../../lib/auth/tools/release/manifest";
import { createManifest, ROOT } from "./manifest";

const manifest = createManifest(ROOT);
writeFileSync(`${ROOT}/${MANIFEST_PATH}`, `${JSON.stringify(manifest, null, 2)}\n`);
console.log(`${manifest.version}: ${Object.keys(manifest.files).length} files`);
