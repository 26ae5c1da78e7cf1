import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Block, findDocument, inlineCode, ROOT, readDocuments } from "./documents";

const COMMANDS = [
  "npm",
  "npx",
  "pnpm",
  "yarn",
  "bun",
  "bash",
  "cp",
  "mkdir",
  "rm",
  "git",
  "env",
  "grep",
  "aws",
  "tr",
  "jq",
  "curl",
];
const BUILT_IN = ["umask"];
/** Folders of version 0.1.0: an upgrade deletes them in the reader's project. */
const OLD = /^lib\/auth\/(doctor|release|pool)\b/;
/** Files that a command makes in the reader's project, or that only its owner has. */
const MADE = [".env.local", ".env.production", "preview.json", "/absolute/path/to/nextjs-cognito-auth"];

const manifest: Record<"scripts" | "dependencies" | "devDependencies", Record<string, string>> = JSON.parse(
  readFileSync(join(ROOT, "package.json"), "utf8"),
);
const documents = readDocuments();
const blocks = documents.flatMap((document) => document.blocks.filter(({ language }) => language === "sh"));
const inline = documents.flatMap((document) =>
  inlineCode(document)
    .filter(({ code }) => /^(npm|npx|pnpm|yarn|bun|bash|cp) /.test(code))
    .map(({ line, code }) => ({ document: document.path, line, code })),
);

type Commands = Pick<Block, "document" | "line" | "code">;

/** Commands of a block, each as its words. Quotes and redirections go; a variable for a password stays a word. */
function readCommands(code: string): readonly (readonly string[])[] {
  const lines = code.replace(/\\\n/g, " ").split("\n");
  return lines
    .map((line) => line.replace(/(^|\s)#.*$/, "").replace(/'[^']*'/g, "''"))
    .flatMap((line) => line.split(/&&|;|\||\(|\)/))
    .map((command) =>
      command
        .trim()
        .split(/\s+/)
        .filter((word) => word !== "" && !/^\w+=/.test(word)),
    )
    .filter((words) => words.length > 0);
}

/** Faults that a reader would meet: a command, an npm script, a package or a path that does not exist. */
function findFaults({ document, line, code }: Commands): readonly string[] {
  const isOld = (path: string) => document.endsWith("upgrading.md") && OLD.test(path);
  return readCommands(code).flatMap(([command = "", ...words]) => {
    const faults = [
      ![...COMMANDS, ...BUILT_IN].includes(command) && `no command ${command}`,
      command === "npm" && findScriptFault(words),
      ...words.map((word) => !isOld(toPath(word)) && findPathFault(word)),
    ];
    return faults.filter((fault) => fault !== false).map((fault) => `${document}:${line}: ${fault}`);
  });
}

function findScriptFault([command = "", ...words]: readonly string[]): string | false {
  const packages = words.filter((word) => !word.startsWith("-"));
  const used = { ...manifest.devDependencies, ...manifest.dependencies };
  const missing = packages.find((name) => used[name] === undefined);
  if (command === "install" && missing !== undefined) return `the kit does not use ${missing}`;
  const script = command === "run" ? packages[0] : command;
  const isKnown = ["ci", "install"].includes(command) || manifest.scripts[script ?? ""] !== undefined;
  return isKnown ? false : `no npm script ${script}`;
}

const toPath = (word: string) =>
  word
    .replace(/["']/g, "")
    .replace(/^\$KIT\//, "")
    .replace(/^src\//, "");

function findPathFault(word: string): string | false {
  const path = toPath(word);
  const isPath = /^(lib|app|tests)\//.test(path) || /["']?\$KIT\//.test(word) || /^[\w.-]+\.\w{2,4}$/.test(path);
  return isPath && !MADE.includes(path) && !existsSync(join(ROOT, path)) ? `no ${path}` : false;
}

describe("a reader who copies a command", () => {
  test("copies commands that bash can read", () => {
    expect(blocks.length).toBeGreaterThan(8);
    for (const { code } of blocks) expect(bash(["-n", "-c", code], ROOT)).toMatchObject({ status: 0, stderr: "" });
    expect(bash(["-n", "-c", "if true"], ROOT).status).not.toBe(0);
  });

  test("finds its program, npm script, package and files", () => {
    expect(inline.length).toBeGreaterThan(8);
    expect([...blocks, ...inline].flatMap(findFaults)).toEqual([]);
  });

  test.each([
    ["npm run chaoss", "no npm script chaoss"],
    ["npm tests", "no npm script tests"],
    ["npm install joses server-only", "the kit does not use joses"],
    ["npx -y tsx lib/auth/tool/doctor", "no lib/auth/tool/doctor"],
    ["npx -y tsx src/lib/auth/nowhere", "no lib/auth/nowhere"],
    ['cp "$KIT/middle.ts" .', "no middle.ts"],
    ["mkdir -p lib && copy a b", "no command copy"],
    ["rm -r lib/auth/pool2", "no lib/auth/pool2"],
  ])("would be warned of %s", (code, fault) => {
    expect(findFaults({ document: "README.md", line: 1, code })).toEqual([`README.md:1: ${fault}`]);
  });
});

describe("in a project", () => {
  let project = "";

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "docs-"));
  });

  afterEach(() => rmSync(project, { recursive: true }));

  /** The one sh block of a document that has this text. */
  function codeOf(document: string, text: string): string {
    const found = findDocument(document).blocks.filter(
      ({ language, code }) => language === "sh" && code.includes(text),
    );
    if (found.length !== 1) throw new Error(`${document} has ${found.length} blocks with ${text}`);
    return found[0]?.code ?? "";
  }

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }

  /** Runs commands there, without the package runner. */
  const run = (code: string) => bash(["-euc", `npx() { :; }\n${code}`], project, { KIT: ROOT.replace(/\/$/, "") });
  const has = (path: string) => existsSync(join(project, path));

  test("the stand-in is copied where testing.md says, and a second copy changes nothing", () => {
    const code = codeOf("lib/auth/docs/testing.md", "tests/cognito");
    for (const _ of ["first", "second"]) expect(run(code)).toMatchObject({ status: 0, stderr: "" });
    expect([has("tests/cognito/testing.ts"), has("tests/cognito/cognito")]).toEqual([true, false]);
  });

  test("an upgrade from 0.1.0 leaves no stale file, and keeps the files that are yours", () => {
    const yours = ["lib/auth/events.ts", "app/auth/error/page.tsx", "middleware.ts"];
    const stale = ["core/old.ts", "doctor/old.ts", "release/old.ts", "pool/old.yaml"].map((path) => `lib/auth/${path}`);
    const routes = ["login", "callback", "logout"].map((name) => `app/auth/${name}/old.ts`);
    for (const path of [...yours, ...stale, ...routes]) write(path, "yours");
    expect(run("git init -q && git add . && git -c user.name=a -c user.email=a@example.com commit -qm a").status).toBe(
      0,
    );
    expect(run(codeOf("lib/auth/docs/upgrading.md", "lib/auth/doctor"))).toMatchObject({ status: 0 });
    expect([...stale, ...routes].filter(has)).toEqual([]);
    expect(yours.map((path) => readFileSync(join(project, path), "utf8"))).toEqual(["yours", "yours", "yours"]);
    expect(["lib/auth/core/authenticate.ts", "app/auth/login/route.ts", "lib/auth/api.ts"].every(has)).toBe(true);
  });

  test("an upgrade from 0.2.0 deletes folders that the copy has", () => {
    expect(run('mkdir -p lib app && cp -R "$KIT/lib/auth" lib/ && cp -R "$KIT/app/auth" app/').status).toBe(0);
    expect(run(codeOf("lib/auth/docs/upgrading.md", "lib/auth/docs"))).toMatchObject({ status: 0, stderr: "" });
    expect(["lib/auth/core", "lib/auth/tools", "app/auth/login"].filter(has)).toEqual([]);
    expect(["lib/auth/events.ts", "app/auth/error/page.tsx"].every(has)).toBe(true);
  });

  test("the outputs of CloudFormation become a file of variables that only its owner can read", () => {
    const code = codeOf("lib/auth/docs/deploying.md", "cloudformation");
    const aws = String.raw`aws() { [ "$2" = deploy ] || printf 'COGNITO_CLIENT_ID\tdemo\nAPP_BASE_URL\thttps://app.example.com\n'; }`;
    expect(run(`${aws}\n${code}`)).toMatchObject({ status: 0, stderr: "" });
    const file = join(project, ".env.local");
    expect(readFileSync(file, "utf8")).toBe("COGNITO_CLIENT_ID=demo\nAPP_BASE_URL=https://app.example.com\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  // A reader without jq sees "command not found".
  test.runIf(bash(["-c", "command -v jq"], ROOT).status === 0)(
    "a preview's address is added to an app client and removed again, every setting is kept, and no secret is stored",
    () => {
      const code = codeOf("lib/auth/docs/deploying.md", "update-user-pool-client");
      const client = {
        UserPoolId: "eu-central-1_AbCdEfGhI",
        ClientId: "1example23456789",
        ClientName: "previews",
        ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH"],
        AllowedOAuthScopes: ["openid"],
        RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: 60 },
        EnableTokenRevocation: true,
        CallbackURLs: ["https://old.example/auth/callback"],
        LogoutURLs: ["https://old.example"],
      };
      const answer = { ...client, ClientSecret: "s3cret", CreationDate: "2026-11-01", LastModifiedDate: "2026-11-02" };
      write("client.json", JSON.stringify(answer));
      const aws = `aws() { case $2 in
        describe-user-pool-client) cat client.json ;;
        update-user-pool-client) [ "$*" = "cognito-idp $2 --cli-input-json file://preview.json --query UserPoolClient.CallbackURLs" ] && mv preview.json client.json ;;
      esac; }; PREVIEW_URL=https://new.example`;
      const update = (commands: string) => {
        expect(run(`${aws}\n${commands}`)).toMatchObject({ status: 0, stdout: "", stderr: "" });
        const text = readFileSync(join(project, "client.json"), "utf8");
        return JSON.parse(text);
      };
      const both = ["https://new.example", "https://old.example"];
      const added = { ...client, CallbackURLs: both.map((it) => `${it}/auth/callback`), LogoutURLs: both };
      for (const _ of ["first", "second"]) expect(update(code)).toEqual(added);
      expect(update(code.replaceAll(" + ", " - "))).toEqual(client);
    },
  );

  test("the commands for CloudFormation are those of the template's head", () => {
    const head = readFileSync(join(ROOT, "lib/auth/tools/pool/template.yaml"), "utf8").replace(/^# ?/gm, "");
    const inOneLine = (code: string) => code.replace(/\\?\s+/g, " ").trim();
    const [deploy = "", describeStacks = ""] = codeOf("lib/auth/docs/deploying.md", "cloudformation").split("\n(");
    expect(deploy).toContain("aws cloudformation deploy");
    expect(inOneLine(head)).toContain(inOneLine(deploy));
    expect(inOneLine(head)).toContain(inOneLine(describeStacks));
  });

  test("the build of Amplify Hosting writes the kit's variables to a file, and no other", () => {
    const variables = {
      COGNITO_CLIENT_ID: "demo",
      AUTH_COOKIE_PREFIX: "shop",
      APP_BASE_URL: "https://app.example.com",
    };
    const code = codeOf("lib/auth/docs/deploying.md", ".env.production");
    expect(bash(["-euc", code], project, { ...variables, HOME_PAGE: "no" }).status).toBe(0);
    const lines = readFileSync(join(project, ".env.production"), "utf8").trim().split("\n").sort();
    expect(lines).toEqual(
      Object.entries(variables)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });
});

function bash(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
  const { PATH = "" } = process.env;
  const own = { PATH, NODE_ENV: "test", ...env } as const;
  return spawnSync("bash", ["--norc", ...args], { cwd, env: own, encoding: "utf8" });
}
