import { DOCUMENT, raw } from "../../e2e/support/raw";
import { type AppName, buildApp } from "./apps";
import { formatSpread, type Part } from "./report";
import { Server } from "./server";
import { Stage } from "./stage";
import { interleave, ratios, spread } from "./statistics";

const EMPTY = "empty middleware";

/** How long the first request waits after a start, and the second. */
export async function runCold(isQuick: boolean): Promise<Part> {
  const stage = await Stage.open();
  const keys = [stage.cognito.keys.access, stage.cognito.keys.id].map(({ jwk }) => jwk);
  const pinned = { COGNITO_JWKS: JSON.stringify({ keys }) };
  const starts: Readonly<Record<string, { app: AppName; env: Readonly<Record<string, string>> }>> = {
    [EMPTY]: { app: "empty", env: stage.env },
    "the same again (A/A)": { app: "empty", env: stage.env },
    "the kit, keys pinned": { app: "kit", env: { ...stage.env, ...pinned } },
    "the kit, keys over loopback": { app: "kit", env: stage.env },
    "jose, keys over loopback": { app: "jose", env: stage.env },
  };
  for (const { app } of Object.values(starts)) await buildApp(app);
  const cookie = await stage.signIn(stage.config());
  const waits = await interleave(Object.keys(starts), isQuick ? 2 : 8, async (name) => {
    const { app, env } = starts[name] ?? { app: "empty", env: {} };
    const server = await Server.start(app, env);
    const wait = async () => {
      const startedAt = performance.now();
      const { status } = await raw(`${server.url}/private`, { headers: { ...DOCUMENT, cookie } });
      if (status !== 200) throw new Error(`${name} answered ${status}`);
      return performance.now() - startedAt;
    };
    const measured = [await wait(), await wait()] as const;
    await server.stop();
    return measured;
  });
  await stage.cognito.close();
  const firsts = (name: string) => (waits.get(name) ?? []).map(([first]) => first);
  const rows = [...waits].map(([name, measured]) => [
    name,
    formatSpread(spread(firsts(name)), 0),
    formatSpread(ratios(firsts(name), firsts(EMPTY)), 2),
    formatSpread(spread(measured.map(([, second]) => second)), 0),
  ]);
  const head = ["", "first request, ms (quartiles)", "times the empty middleware's", "second request, ms"];
  return { tables: [{ title: "Cold start: /private, signed in, after next start", head, rows }], goals: [] };
}
