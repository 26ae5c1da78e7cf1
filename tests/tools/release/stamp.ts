// npm run stamp: writes down what this version of the kit consists of, after every change of its files.
import { writeFileSync } from "node:fs";
import { MANIFEST_PATH } from "../../../lib/auth/tools/release/manifest";
import { createManifest, ROOT } from "./manifest";

const manifest = createManifest(ROOT);
writeFileSync(`${ROOT}/${MANIFEST_PATH}`, `${JSON.stringify(manifest, null, 2)}\n`);
console.log(`${manifest.version}: ${Object.keys(manifest.files).length} files`);
