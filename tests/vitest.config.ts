import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));
const alias = [
  // Files of the app's own: each test says what they hold. Before "@", because the first match wins.
  { find: "@/lib/auth/sign-in", replacement: fileURLToPath(new URL("support/sign-in.ts", import.meta.url)) },
  { find: /^\.\/tenants$/, replacement: fileURLToPath(new URL("support/tenants.ts", import.meta.url)) },
  { find: "@", replacement: root.replace(/\/$/, "") },
  { find: "server-only", replacement: fileURLToPath(new URL("support/server-only.ts", import.meta.url)) },
];
const runtime = (name: string, environment: string, exclude: string[] = []) => ({
  resolve: { alias },
  test: {
    name,
    environment,
    root,
    include: ["tests/*.test.ts", "tests/{core,routes,stand-in,tools,docs}/**/*.test.ts"],
    exclude,
    testTimeout: 60_000, // Some tests do much work, and other programs may keep the machine busy.
    server: { deps: { inline: ["next-intl"] } }, // It imports "next/server", which Node does not find from there.
  },
});

/** Everything but the browser, once in Node and once in the runtime that middleware has. */
export default defineConfig({
  test: {
    maxWorkers: availableParallelism(), // By default vitest leaves one core idle.
    projects: [
      runtime("node", "node"),
      runtime("edge", "edge-runtime", [
        "tests/*.test.ts",
        "tests/{stand-in,tools,docs}/**",
        "tests/core/layers.test.ts",
        "tests/core/{base/{clock,deadline,errors,paths,secret-cache},tokens/call-bound}.test.ts", // Use no API that differs at the edge.
      ]),
    ],
  },
});
