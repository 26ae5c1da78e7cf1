// The store of the laboratories' servers: the DynamoDB at FLEET_STORE. Without this variable sessions are in cookies.
import type { SessionStore } from "@/lib/auth/session";
import { createDynamoDbStore } from "@/lib/auth-extras/stores/dynamodb";

const endpoint = process.env.FLEET_STORE;
const credentials = () => ({ accessKeyId: "AKIDEXAMPLE", secretAccessKey: "a-secret-key" });

export const store: SessionStore | null = endpoint
  ? createDynamoDbStore({ table: "sessions", region: "eu-west-1", endpoint, credentials })
  : null;
