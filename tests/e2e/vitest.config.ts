import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../../node_modules/.vite/e2e", import.meta.url)),
  test: {
    name: "e2e",
    environment: "node",
    include: ["e2e/**/*.test.ts"],
    globalSetup: ["e2e/support/global-setup.ts"],
    maxWorkers: 3, // A file spends half of its time waiting for its browser and its server.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    retry: 0,
    silent: "passed-only", // oidc-provider prints advice for people who run it in production.
  },
});
