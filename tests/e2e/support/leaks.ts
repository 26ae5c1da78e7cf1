import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AuthConfig } from "../../../lib/auth/core/base/config";
import { CookieJar } from "../../../lib/auth/core/http/cookie-jar";
import { readCookie } from "../../../lib/auth/core/http/cookies";
import { parseConfig } from "../../support/parse-config";
import type { Tap } from "./tap";

/** Where secrets were used, and where they must not turn up. */
export interface Run {
  readonly tap: Tap;
  readonly env: Readonly<Record<string, string>>;
  /** All that the server has printed. */
  readonly output: string;
  /** The build: Next may keep in it what it renders or fetches. */
  readonly folder: string;
}

const WRITTEN = [".next/static", ".next/server/app", ".next/cache/fetch-cache"];
const SHORTEST = 20; // Tests send "x" for a token, too.
const PUBLIC_HEADER = /^eyJ[\w-]{0,90}$/; // What every token of a pool begins with.

// Where they belong. With `trailingSlash`, Next itself sends /auth/callback?code=… on to /auth/callback/?code=….
const OWN_PLACES = /^set-cookie: .*$|\/auth\/callback\/\?code=\S*/gim;
const SHOWN = 120;

// Most secrets have only these characters, so only long runs of them can hold one.
const RUN = /[\w.~+/=-]{20,}/g;
const IS_RUN = /^[\w.~+/=-]+$/;

/** The places, with what stands before, where a token, code, verifier or secret is that belongs into cookies only. */
export async function findLeaks({ tap, env, output, folder }: Run): Promise<readonly string[]> {
  const secrets = await collectSecrets(tap, env);
  const places = { answers: tap.answers().replace(OWN_PLACES, ""), output, ...(await readFolder(folder)) };
  return Object.entries(places).flatMap(([place, text]) =>
    findSecrets(text, secrets).flatMap((secret) => {
      const before = text.split(secret).slice(0, -1);
      return before.map((it) => `${place}: ${it.slice(-SHOWN)}${secret.slice(0, 12)}…`);
    }),
  );
}

/** The secrets that the text has. Pages repeat most of their runs, so a search through each run once is quick. */
function findSecrets(text: string, secrets: ReadonlySet<string>): readonly string[] {
  const runs = [...new Set(text.match(RUN))].join("\n");
  return [...secrets].filter((secret) => (IS_RUN.test(secret) ? runs : text).includes(secret));
}

/** In pieces, so that half a token is found as well. */
async function collectSecrets(tap: Tap, env: Run["env"]): Promise<ReadonlySet<string>> {
  const requests = tap.requests();
  const all = (pattern: RegExp, text: string) => new Set(text.match(pattern) ?? []);
  const found = [env.COGNITO_CLIENT_SECRET, ...(env.AUTH_SECRET?.split(",") ?? [])].map((secret) => secret?.trim());
  found.push(...all(/(?<=^authorization: bearer ).+$/gim, requests));
  found.push(...all(/(?<=\/auth\/callback\/?\?(?:\S*&)?code=)[\w.~+/=-]+(?=[&\s])/g, requests));
  const written = all(/(?<=^set-cookie: )[^;]+/gim, tap.answers()); // Whole ones; the pieces come back in requests.
  const config = parseConfig(env);
  for (const header of [...written, ...all(/(?<=^cookie: ).+$/gim, requests)]) {
    found.push(...(await readSecrets(header, config)));
  }
  const pieces = found.flatMap((secret = "") => [secret, ...secret.split(".")]);
  return new Set(pieces.filter((piece) => piece.length >= SHORTEST && !PUBLIC_HEADER.test(piece)));
}

/** The kit's cookies, and what they hold: sealed, that is something else. */
async function readSecrets(header: string, config: AuthConfig): Promise<readonly string[]> {
  const jar = new CookieJar(new Headers({ cookie: header }), config);
  const secrets: string[] = [];
  for (const name of jar.names) {
    const kind = name.slice(config.cookiePrefix.length + 1).replace(/\.\d+$/, "");
    if (kind === "session") secrets.push(jar.get(name) ?? "");
    if (!isSecret(kind)) continue;
    const contents = (await readCookie(jar, kind)) ?? "";
    const decoded = Buffer.from(contents, "base64url").toString();
    secrets.push(jar.get(name) ?? "", contents, ...(/(?<="codeVerifier":")[\w-]+/.exec(decoded) ?? []));
  }
  return secrets;
}

function isSecret(kind: string): kind is "access" | "id" | "refresh" | `txn.${string}` {
  return ["access", "id", "refresh"].includes(kind) || kind.startsWith("txn.");
}

async function readFolder(folder: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const part of WRITTEN) {
    const entries = await readdir(join(folder, part), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries.filter((it) => it.isFile() && !it.name.endsWith(".map"))) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      texts[path] = await readFile(path, "latin1");
    }
  }
  return texts;
}
