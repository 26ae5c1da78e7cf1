// The lib/auth/store.ts of three variants. Without a variable there is no store, and sessions are in cookies.
import type { SessionStore } from "@/lib/auth/session";
import { createDynamoDbStore } from "@/lib/auth-extras/stores/dynamodb";
import { createMemoryStore } from "@/lib/auth-extras/stores/memory";

const { E2E_DYNAMODB: endpoint, E2E_MEMORY: isInMemory } = process.env;
const credentials = () => ({ accessKeyId: "AKIDEXAMPLE", secretAccessKey: "a-secret-key" });

function createStore(): SessionStore | null {
  if (endpoint) return createDynamoDbStore({ table: "sessions", region: "eu-west-1", endpoint, credentials });
  return isInMemory ? createMemoryStore() : null;
}

export const store: SessionStore | null = createStore();
