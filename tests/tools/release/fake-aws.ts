// Runs create-pool.sh with a program in place of the AWS CLI.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const POOL_ID = "eu-west-1_AbCdEf123";

/** Answers as the AWS CLI does to the script's `--query` options, and records every call. */
const FAKE_AWS = `#!/usr/bin/env bash
[ "$1" = --version ] && { echo "aws-cli/2.31.0 Python/3.13.7"; exit; }
printf '%s\\0' "$@" >>"$CALLS"; printf '\\n' >>"$CALLS"
[ "$2" = "$FAILING" ] && { echo "An error occurred" >&2; exit 254; }
case $2 in
create-user-pool) echo ${POOL_ID} ;;
create-user-pool-client) printf 'client123\\ts3cret+with+plus\\n' ;;
esac
`;

/** Runs create-pool.sh, and returns its output and the calls of the AWS CLI. */
export function runWithFakeAws(script: string, args: readonly string[], failing = "") {
  const folder = mkdtempSync(join(tmpdir(), "fake-aws-"));
  const calls = join(folder, "calls");
  writeFileSync(calls, "");
  writeFileSync(join(folder, "aws"), FAKE_AWS);
  chmodSync(join(folder, "aws"), 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, CALLS: calls, FAILING: failing };
  const { stdout, stderr, status } = spawnSync("bash", [script, ...args], { env, encoding: "utf8" });
  const lines = readFileSync(calls, "utf8").split("\n").filter(Boolean);
  rmSync(folder, { recursive: true });
  return { stdout, stderr, status, calls: lines.map((line) => line.split("\0").slice(0, -1)) };
}
