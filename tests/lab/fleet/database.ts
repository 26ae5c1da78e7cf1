// dynalite, an implementation of DynamoDB, with the table of the store, in a process of its own.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { AwsClient } from "aws4fetch";
import dynalite from "dynalite";
import { serve } from "./worker";

const TABLE = {
  TableName: "sessions",
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
};

const verbs = { start, takeCalls };
export type Database = typeof verbs;

let calls = 0;
serve(verbs);

/** Returns the port. */
async function start(): Promise<number> {
  const server = dynalite({ createTableMs: 0 }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new AwsClient({ accessKeyId: "A", secretAccessKey: "a", service: "dynamodb", region: "eu-west-1" });
  const ask = async (operation: string, input: object) => {
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${operation}` };
    return (await client.fetch(`http://127.0.0.1:${port}`, { headers, body: JSON.stringify(input) })).text();
  };
  await ask("CreateTable", TABLE);
  while (!(await ask("DescribeTable", { TableName: TABLE.TableName })).includes('"ACTIVE"')) await delay(20);
  server.on("request", () => {
    calls += 1;
  });
  return port;
}

/** Returns how many calls came since this was last asked. */
function takeCalls(): number {
  const taken = calls;
  calls = 0;
  return taken;
}
