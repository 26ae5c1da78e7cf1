// A session store in Amazon DynamoDB, over `fetch`, with the package `aws4fetch`: npm install aws4fetch
//
//   // lib/auth/store.ts
//   export const store: SessionStore | null = createDynamoDbStore({ table: "auth-sessions" });
//
// It runs in Node and at the edge. `dynamodb.yaml` beside this file creates the table and a policy for the app.
import { AwsV4Signer } from "aws4fetch";
import type { SessionStore } from "@/lib/auth/session";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface DynamoDbOptions {
  readonly table: string;
  /** `AWS_REGION` by default. */
  readonly region?: string;
  /**
   * Runs before each request to DynamoDB, so it must remember the credentials until they expire. By default they are
   * `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, which AWS Lambda sets.
   */
  readonly credentials?: () => AwsCredentials | Promise<AwsCredentials>;
  /** For another partition, a VPC endpoint or a test: `https://dynamodb.cn-north-1.amazonaws.com.cn`. */
  readonly endpoint?: string;
  /** The time of one attempt: 900 by default. A call that gets no answer makes three, and takes less than 3 s. */
  readonly timeoutMs?: number;
}

type Signed = Awaited<ReturnType<AwsV4Signer["sign"]>>;

interface Reply {
  readonly output: unknown;
  /** The error's name, such as `ConditionalCheckFailedException`. Null: the operation succeeded. */
  readonly error: string | null;
  readonly isTransient: boolean;
}

const ATTEMPTS = 3;
const TIMEOUT_MS = 900;
const GRACE_MS = 100;
const PAUSE_MS = 100;
const CONDITION_FAILED = "ConditionalCheckFailedException";
const THROTTLED = /^(ProvisionedThroughputExceeded|Throttling|RequestLimitExceeded)/; // With status 400.

/** Returns a store in a table. Each call throws when DynamoDB does not do what it asks. */
export function createDynamoDbStore(options: DynamoDbOptions): SessionStore {
  /** `isRepeated`: an earlier attempt failed, and DynamoDB may have done what it asked. */
  async function call(operation: string, input: object) {
    const body = JSON.stringify({ TableName: options.table, ...input });
    const attempt = async () => send(await sign(operation, body, options), options.timeoutMs ?? TIMEOUT_MS);
    let reply = await attempt();
    let attempts = 1;
    for (; reply.isTransient && attempts < ATTEMPTS; attempts++) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * Math.random()));
      reply = await attempt();
    }
    const { output, error } = reply;
    if (error !== null && error !== CONDITION_FAILED) throw new Error(`DynamoDB ${operation}: ${error}`);
    return { output, error, isRepeated: attempts > 1 };
  }

  async function get(key: string) {
    const { output } = await call("GetItem", { Key: { id: { S: key } }, ConsistentRead: true });
    const [value, version] = ["content", "version"].map((name) => read(output, "Item", name, "S"));
    const isAlive = Number(read(output, "Item", "expiresAt", "N")) > Date.now() / 1000;
    return isAlive && typeof value === "string" && typeof version === "string" ? { value, version } : null;
  }

  return {
    get,
    async put(key, value, { expiresAt, ifVersion }) {
      const version = crypto.randomUUID();
      const expires = String(Math.ceil(expiresAt)); // DynamoDB deletes by whole seconds.
      const Item = { id: { S: key }, content: { S: value }, version: { S: version }, expiresAt: { N: expires } };
      const { error, isRepeated } = await call("PutItem", { Item, ...conditionOf(ifVersion) });
      if (error === null) return true;
      return isRepeated && (await get(key))?.version === version; // True: an attempt without an answer stored the value.
    },
    async delete(key) {
      await call("DeleteItem", { Key: { id: { S: key } } });
    },
  };
}

/** DynamoDB deletes an expired item up to some days late. Until then it counts as absent. */
function conditionOf(ifVersion: string | null) {
  const now = { ":now": { N: String(Date.now() / 1000) } };
  const [ConditionExpression, ExpressionAttributeValues] =
    ifVersion === null
      ? ["attribute_not_exists(id) OR expiresAt <= :now", now]
      : ["version = :version AND expiresAt > :now", { ...now, ":version": { S: ifVersion } }];
  return { ConditionExpression, ExpressionAttributeValues };
}

async function sign(operation: string, body: string, options: DynamoDbOptions): Promise<Signed> {
  const region = options.region ?? process.env.AWS_REGION;
  if (!region) throw new Error("The DynamoDB store needs a region: AWS_REGION, or the option `region`");
  const { accessKeyId, secretAccessKey, sessionToken } = await (options.credentials ?? readCredentials)();
  try {
    return await new AwsV4Signer({
      method: "POST",
      url: options.endpoint ?? `https://dynamodb.${region}.amazonaws.com`,
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${operation}` },
      body,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken && { sessionToken }),
      service: "dynamodb",
      region,
    }).sign();
  } catch {
    // Without the cause, because the error of a malformed header quotes the credential.
    throw new Error("A credential, the region or the endpoint of the DynamoDB store is malformed");
  }
}

function readCredentials(): AwsCredentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
  if (accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, sessionToken: process.env.AWS_SESSION_TOKEN };
  }
  throw new Error("The DynamoDB store needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the option `credentials`");
}

async function send({ url, ...init }: Signed, timeoutMs: number): Promise<Reply> {
  const controller = new AbortController();
  // In two steps: after a stop of this process, an answer that waits is read between them.
  let timer = setTimeout(() => {
    timer = setTimeout(() => controller.abort(), GRACE_MS);
  }, timeoutMs - GRACE_MS);
  try {
    const response = await fetch(url, { ...init, redirect: "manual", cache: "no-store", signal: controller.signal });
    const output: unknown = await response.json();
    if (response.ok) return { output, error: null, isTransient: false };
    const error = String(read(output, "__type")).replace(/^.*#/, "");
    return { output, error, isTransient: response.status >= 500 || response.status === 429 || THROTTLED.test(error) };
  } catch {
    return { output: null, error: "no answer", isTransient: true };
  } finally {
    clearTimeout(timer);
  }
}

function read(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((found, name) => (isObject(found) ? found[name] : undefined), value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
