// The DynamoDB store against dynalite, an implementation of DynamoDB that does not come from this project.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { AwsClient } from "aws4fetch";
import dynalite from "dynalite";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type AwsCredentials, createDynamoDbStore, type DynamoDbOptions } from "@/lib/auth-extras/stores/dynamodb";
import { readTemplate, resolveTemplate } from "../../tools/release/template";
import { type Database, describeStore, standStill } from "./contract";
import { type FaultName, startFaultProxy } from "./fault-proxy";

const TEMPLATE = fileURLToPath(new URL("../../../lib/auth-extras/stores/dynamodb.yaml", import.meta.url));
const TABLE = "sessions";
const REGION = "eu-west-1";
const CREDENTIALS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "a-secret-key", sessionToken: "a-session-token" };
const OUTAGES = [
  "answers 500",
  "answers 503 with a page",
  "throttles",
  "cuts connections",
  "does not answer",
] as const satisfies readonly FaultName[];
const REFUSES = "refuses connections";

const stack = resolveTemplate(readTemplate(TEMPLATE), {});
const PATIENT_MS = 20_000;
const TIMEOUT_MS = 900; // The default.

/** Answers each request after 200 ms, with no item. It has a thread of its own. */
const SLOW_SERVER = `
const { parentPort } = require("node:worker_threads");
const server = require("node:http").createServer((_request, response) => {
  parentPort.postMessage("request");
  setTimeout(() => response.end("{}"), 200);
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`;

const inOneHour = () => Math.floor(Date.now() / 1000) + 3_600;

/** A running DynamoDB with the table of the template, and a proxy before it. */
async function startDynamoDb() {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = new AwsClient({ ...CREDENTIALS, service: "dynamodb", region: REGION });
  const ask = async (operation: string, input: object) => {
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${operation}` };
    const body = JSON.stringify({ TableName: TABLE, ...input });
    const response = await client.fetch(`http://127.0.0.1:${port}`, { method: "POST", headers, body });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  };
  const { AttributeDefinitions, KeySchema, BillingMode } = Object(stack.resources.Table?.properties);
  await ask("CreateTable", { AttributeDefinitions, KeySchema, BillingMode });
  await vi.waitFor(async () => expect((await ask("DescribeTable", {})).Table.TableStatus).toBe("ACTIVE"));
  const proxy = await startFaultProxy(port);
  /** A patient store: without faults, each call is one request, on a busy machine too. */
  const create = (options: Partial<DynamoDbOptions> = {}) =>
    createDynamoDbStore({
      timeoutMs: PATIENT_MS,
      table: TABLE,
      region: REGION,
      endpoint: proxy.url,
      credentials: () => CREDENTIALS,
      ...options,
    });
  const close = async () => {
    await proxy.stop();
    await new Promise((resolve) => server.close(resolve));
  };
  return { ask, proxy, create, close };
}

async function startDatabase(): Promise<Database> {
  const { proxy, create, close } = await startDynamoDb();
  const faults = OUTAGES.map((name) => {
    return [name, { start: async () => proxy.inject(name), end: async () => proxy.heal() }] as const;
  });
  const outages = { ...Object.fromEntries(faults), [REFUSES]: { start: proxy.stop, end: proxy.restart } };
  return { connect: (patience) => create(patience ? {} : { timeoutMs: TIMEOUT_MS }), outages, close };
}

describeStore("the DynamoDB store", startDatabase, [...OUTAGES, REFUSES]);

describe("the DynamoDB store", () => {
  let database: Awaited<ReturnType<typeof startDynamoDb>>;
  beforeAll(async () => {
    database = await startDynamoDb();
  });
  afterAll(() => database?.close());
  afterEach(() => {
    database.proxy.heal();
    vi.unstubAllEnvs();
  });

  const put = (key: string, value: string, ifVersion: string | null = null) =>
    database.create().put(key, value, { expiresAt: inOneHour(), ifVersion });
  const readValue = async (key: string) => (await database.create().get(key))?.value ?? null;
  const operations = () => database.proxy.received.map(({ headers }) => String(headers["x-amz-target"]).split(".")[1]);

  test("reads consistently, and sends one request for each get, put and delete", async () => {
    const { proxy, create } = database;
    const store = create();
    const before = proxy.received.length;
    await store.put("counted", "a", { expiresAt: inOneHour(), ifVersion: null });
    await store.get("counted");
    await store.delete("counted");
    expect(operations().slice(before)).toEqual(["PutItem", "GetItem", "DeleteItem"]);
    expect(JSON.parse(proxy.received[before + 1]?.body ?? "")).toMatchObject({ ConsistentRead: true });
  });

  test("asks for no operation that the policy of the template does not allow", () => {
    const [statement] = Object(stack.resources.Policy?.properties).PolicyDocument.Statement;
    const allowed = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"];
    expect(statement).toEqual({ Effect: "Allow", Action: allowed, Resource: "<Table.Arn>" });
    expect([...new Set(operations())].map((it) => `dynamodb:${it}`).toSorted()).toEqual(allowed.toSorted());
  });

  test("writes the attribute by which the table of the template deletes expired items, in whole seconds", async () => {
    const { TimeToLiveSpecification } = Object(stack.resources.Table?.properties);
    expect(TimeToLiveSpecification).toEqual({ AttributeName: "expiresAt", Enabled: true });
    const expiresAt = inOneHour();
    await database.create().put("expiring", "a", { expiresAt: expiresAt - 0.5, ifVersion: null });
    const { Item } = await database.ask("GetItem", { Key: { id: { S: "expiring" } } });
    expect(Item.expiresAt).toEqual({ N: String(expiresAt) });
  });

  test("does not return an expired item that DynamoDB still has", async () => {
    await database.create().put("expired", "a", { expiresAt: inOneHour() - 7_200, ifVersion: null });
    const { Item } = await database.ask("GetItem", { Key: { id: { S: "expired" } } });
    expect(Item.content).toEqual({ S: "a" });
    expect(await readValue("expired")).toBeNull();
  });

  test.each([
    "answers 500",
    "answers 503 with a page",
    "throttles",
    "cuts connections",
    "does not answer",
    "answers slowly",
    "cuts connections before it answers",
    "cuts its answers short",
    "works, and does not answer",
    "works, and answers 500",
  ] as const)("a get, a put and a delete succeed when DynamoDB once %s", async (fault) => {
    const { proxy, create } = database;
    const store = create({ timeoutMs: TIMEOUT_MS });
    const key = crypto.randomUUID();
    const once = <T>(call: () => Promise<T>) => {
      proxy.inject(fault, 1);
      return call();
    };
    const replace = (value: string, ifVersion: string | null) =>
      store.put(key, value, { expiresAt: inOneHour(), ifVersion });
    expect(await once(() => replace("first", null))).toBe(true);
    const entry = await once(() => store.get(key));
    expect(entry?.value).toBe("first");
    expect(await once(() => replace("second", entry?.version ?? ""))).toBe(true);
    expect(await once(() => replace("third", entry?.version ?? ""))).toBe(false); // The version is another one.
    expect(await readValue(key)).toBe("second");
    await once(() => store.delete(key));
    expect(await readValue(key)).toBeNull();
  });

  test("reads an answer that came while this process stood still for longer than an attempt may take", async () => {
    const worker = new Worker(SLOW_SERVER, { eval: true });
    const received: unknown[] = [];
    const [port] = await once(worker, "message");
    const isReceived = once(worker, "message");
    worker.on("message", (message) => received.push(message));
    const store = database.create({ endpoint: `http://127.0.0.1:${port}`, timeoutMs: TIMEOUT_MS });
    const answer = store.get("a");
    await isReceived;
    standStill(1_500);
    expect(await answer).toBeNull();
    expect(received).toEqual(["request"]);
    await worker.terminate();
  });

  test("sends no more than three requests for a call", async () => {
    const { proxy, create } = database;
    proxy.inject("answers 500");
    const before = proxy.received.length;
    await expect(create().get("a")).rejects.toThrow("DynamoDB GetItem: InternalServerError");
    expect(proxy.received.length - before).toBe(3);
  });

  test("does not repeat a request that DynamoDB rejects for good", async () => {
    const { proxy, create } = database;
    const before = proxy.received.length;
    await expect(create({ table: "another-table" }).get("a")).rejects.toThrow("ResourceNotFoundException");
    expect(proxy.received.length - before).toBe(1);
    await expect(put("too-large", "a".repeat(410_000))).rejects.toThrow("DynamoDB PutItem: ValidationException");
  });

  test("signs for its region, with the session token", async () => {
    const { proxy, create } = database;
    await create().get("a");
    const { headers } = proxy.received.at(-1) ?? {};
    expect(headers?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/dynamodb\/aws4_request, /,
    );
    expect(headers?.authorization).toContain("x-amz-security-token");
    expect(headers?.["x-amz-security-token"]).toBe("a-session-token");
  });

  test("takes the region and the credentials from the variables of AWS, at each call", async () => {
    const { proxy } = database;
    const store = createDynamoDbStore({ table: TABLE, endpoint: proxy.url });
    for (const name of ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]) {
      vi.stubEnv(name, undefined);
    }
    await expect(store.get("a")).rejects.toThrow("AWS_REGION");
    vi.stubEnv("AWS_REGION", "us-east-2");
    await expect(store.get("a")).rejects.toThrow("AWS_SECRET_ACCESS_KEY");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDFIRST");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "a-secret-key");
    expect(await store.get("a")).toBeNull();
    expect(proxy.received.at(-1)?.headers.authorization).toMatch(/Credential=AKIDFIRST\/\d+\/us-east-2\//);
    expect(proxy.received.at(-1)?.headers["x-amz-security-token"]).toBeUndefined();
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDSECOND");
    vi.stubEnv("AWS_SESSION_TOKEN", "another-token");
    expect(await store.get("a")).toBeNull();
    expect(proxy.received.at(-1)?.headers.authorization).toContain("Credential=AKIDSECOND/");
    expect(proxy.received.at(-1)?.headers["x-amz-security-token"]).toBe("another-token");
  });

  test("takes each new value of the app's own credentials function", async () => {
    const { proxy, create } = database;
    let turn = 0;
    const store = create({ credentials: async () => ({ ...CREDENTIALS, accessKeyId: `AKIDTURN${++turn}` }) });
    for (const count of Array.from({ length: 20 }, (_, i) => i + 1)) {
      await store.get("a");
      expect(proxy.received.at(-1)?.headers.authorization).toContain(`Credential=AKIDTURN${count}/`);
    }
    const failing = create({ credentials: () => Promise.reject(new Error("no role")) });
    await expect(failing.get("a")).rejects.toThrow("no role");
  });

  const MALFORMED: [string, Partial<AwsCredentials>][] = [
    ["key id", { accessKeyId: "AKID\nEXAMPLE" }],
    ["session token", { sessionToken: "a-session\ntoken" }],
    ["session token of another alphabet", { sessionToken: "a-session-tökén-€" }],
  ];

  test.each(MALFORMED)("its errors quote no credential: a malformed %s", async (_what, change) => {
    const credentials = { ...CREDENTIALS, ...change };
    const error: unknown = await database
      .create({ credentials: () => credentials })
      .get("a")
      .catch((it: unknown) => it);
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error)).not.toMatch(/AKID|a-session|a-secret/);
  });

  test.each(["answers 500", "cuts connections"] as const)(
    "its errors quote no credential: DynamoDB %s",
    async (fault) => {
      database.proxy.inject(fault);
      const error: unknown = await put("a-key", "a-value").catch((it: unknown) => it);
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error)).not.toMatch(/AKID|a-session|a-secret|a-value/);
    },
  );
});

/** The text of an error with all that a log could print. */
function inspect(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)));
  return [String(error), ...own, error.cause ? inspect(error.cause) : ""].join("\n");
}
