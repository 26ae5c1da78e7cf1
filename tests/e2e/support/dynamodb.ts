import type { AddressInfo } from "node:net";
import { AwsClient } from "aws4fetch";
import dynalite from "dynalite";
import { vi } from "vitest";
import { type FaultName, startFaultProxy } from "../../extras/stores/fault-proxy";

/** A DynamoDB that does not come from this project, with an empty table and a proxy before it. */
export interface Database {
  /** The endpoint for the app. */
  readonly url: string;
  /** The requests so far, by operation. */
  count(operation: "GetItem" | "PutItem" | "DeleteItem"): number;
  fail(how: FaultName): void;
  heal(): void;
  close(): Promise<void>;
}

export async function startDatabase(): Promise<Database> {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = new AwsClient({ accessKeyId: "a", secretAccessKey: "b", service: "dynamodb", region: "eu-west-1" });
  const ask = async (operation: string, input: object) => {
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${operation}` };
    const body = JSON.stringify({ TableName: "sessions", ...input });
    return (await client.fetch(`http://127.0.0.1:${port}`, { method: "POST", headers, body })).json();
  };
  await ask("CreateTable", {
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  await vi.waitFor(async () => {
    if ((await ask("DescribeTable", {})).Table.TableStatus !== "ACTIVE") throw new Error("The table is not ready");
  });
  const proxy = await startFaultProxy(port);
  return {
    url: proxy.url,
    count: (operation) =>
      proxy.received.filter(({ headers }) => `${headers["x-amz-target"]}`.endsWith(`.${operation}`)).length,
    fail: (how) => proxy.inject(how),
    heal: () => proxy.heal(),
    close: async () => {
      await proxy.stop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
