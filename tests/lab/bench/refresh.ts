import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DOCUMENT, raw } from "../../e2e/support/raw";
import { buildApp } from "./apps";
import { load } from "./load";
import { fixed, formatSpread, type Part, type Table } from "./report";
import { Server } from "./server";
import { Stage } from "./stage";
import { quantile, spread } from "./statistics";

const PARALLEL = [1, 10, 100];
const WARM_UP = 1_500;
const NOTE =
  "What is added holds the stand-in's work, two RSA signatures, in the process that also sends the requests.";
const MEMORY = fileURLToPath(new URL("memory.ts", import.meta.url));

interface Burst {
  readonly calls: number;
  /** Milliseconds: the median of one burst with a good token, and what an expired one added to it. */
  readonly usual: number;
  readonly added: number;
}

/** What an expired token costs those who come with it, and what many tokens cost the server. */
export async function runRefresh(isQuick: boolean): Promise<Part> {
  await buildApp("kit");
  const stage = await Stage.open();
  const server = await Server.start("kit", stage.env);
  const bursts = new Map<number, readonly Burst[]>();
  try {
    const cookies = await stage.signInMany(1, stage.config());
    await load(server, { path: "/private", status: 200, cookies }, WARM_UP);
    for (const parallel of PARALLEL) {
      const measured: Burst[] = [];
      while (measured.length < (isQuick ? 4 : 20)) {
        measured.push(await burst(stage, server, parallel, measured.length % 2 === 0));
      }
      bursts.set(parallel, measured);
    }
  } finally {
    await server.stop();
    await stage.cognito.close();
  }
  const most = Math.max(...[...bursts.values()].flat().map(({ calls }) => calls));
  const rows = [...bursts].map(([parallel, measured]) => [
    String(parallel),
    String(Math.max(...measured.map(({ calls }) => calls))),
    formatSpread(spread(measured.map(({ usual }) => usual)), 1),
    formatSpread(spread(measured.map(({ added }) => added)), 1),
  ]);
  const head = ["parallel requests", "token calls, at most", "good token, ms (quartiles)", "expired token adds, ms"];
  const memory = await measureMemory(isQuick ? 40_000 : 100_000);
  return {
    tables: [{ title: "Refresh: /private with an expired access token", head, rows, notes: [NOTE] }, memory.table],
    goals: [
      { claim: "1 token call for 100 parallel requests at expiry", found: String(most), isReached: most === 1 },
      { claim: "The memory of tokens stays flat", found: memory.found, isReached: memory.isFlat },
    ],
  };
}

async function burst(stage: Stage, server: Server, parallel: number, isGoodFirst: boolean): Promise<Burst> {
  const send = async (cookie: string) => {
    const waits = await Promise.all(
      Array.from({ length: parallel }, async () => {
        const startedAt = performance.now();
        const { status } = await raw(`${server.url}/private`, { headers: { ...DOCUMENT, cookie } });
        if (status !== 200) throw new Error(`A refresh ended with ${status}`);
        return performance.now() - startedAt;
      }),
    );
    return quantile(waits, 0.5);
  };
  const [good, expired] = [await stage.signIn(stage.config()), await stage.signIn(stage.config(), true)];
  await send(good); // Now it is remembered, as in the hour before it expires.
  stage.cognito.clearRequests();
  const before = isGoodFirst ? await send(good) : null;
  const late = await send(expired);
  const usual = before ?? (await send(good));
  return { calls: stage.cognito.count("token"), usual, added: late - usual };
}

/** In a process of its own, which prints a line for each stage that it has reached. */
async function measureMemory(tokens: number): Promise<{ table: Table; found: string; isFlat: boolean }> {
  const args = ["--expose-gc", ...process.execArgv.filter((it) => it !== "--expose-gc"), MEMORY, String(tokens)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const lines: { tokens: number; heapUsed: number; rss: number }[] = JSON.parse(stdout);
  const megabytes = (bytes: number) => fixed(bytes / 1e6, 1);
  const rows = lines.map((line) => [fixed(line.tokens, 0), megabytes(line.heapUsed), megabytes(line.rss)]);
  const [full, last] = [lines.at(-2)?.heapUsed ?? Number.NaN, lines.at(-1)?.heapUsed ?? Number.NaN];
  return {
    table: {
      title: "Memory after so many distinct tokens, every second one in a sealed cookie",
      head: ["tokens", "heap used, MB", "resident, MB"],
      rows,
    },
    found: `${megabytes(full)} MB, then ${megabytes(last)} MB after ten times as many`,
    isFlat: last <= full * 1.1,
  };
}
