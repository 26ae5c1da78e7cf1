// Runs checks in order. Every check gives a verdict, and every verdict but `ok` says how to fix the problem.

/** The result of a check. `fix` names a place in the Cognito console, a file or a command. */
export type Verdict =
  | { readonly status: "ok"; readonly text: string }
  | { readonly status: "fault" | "warning" | "note"; readonly text: string; readonly fix: string };

export interface Check<Subject> {
  readonly id: string;
  readonly title: string;
  /** Ids of earlier checks. When one of them fails, this check would say nothing: it does not run. */
  readonly needs?: readonly string[];
  readonly run: (subject: Subject) => Verdict | Promise<Verdict>;
}

export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly status: Verdict["status"] | "unchecked";
  readonly text: string;
  readonly fix?: string;
  /** The name of the tenant whose variables were checked. */
  readonly tenant?: string;
}

export const ok = (text: string): Verdict => ({ status: "ok", text });

/** A certain mistake that breaks sign-in, sign-out or the protection of pages. The doctor exits with code 1. */
export const fault = (text: string, fix: string): Verdict => ({ status: "fault", text, fix });

/** A possible mistake. The set-up may be right, so the exit code stays 0. */
export const warning = (text: string, fix: string): Verdict => ({ status: "warning", text, fix });

/** A setting that the doctor cannot see. A good set-up has notes, too. */
export const note = (text: string, fix: string): Verdict => ({ status: "note", text, fix });

/**
 * Runs the checks in their order. A check that needs a failed one is `unchecked`. Without a subject all are: a variable
 * is wrong, so there is nothing to examine.
 */
export async function runChecks<Subject>(
  checks: readonly Check<Subject>[],
  subject: Subject | null,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    const cause = findings.find(
      ({ id, status }) => check.needs?.includes(id) && (status === "fault" || status === "unchecked"),
    );
    const { id, title } = check;
    if (subject === null) findings.push({ id, title, status: "unchecked", text: "not checked: a variable is wrong" });
    else if (cause) findings.push({ id, title, status: "unchecked", text: `not checked: see "${cause.title}"` });
    else findings.push({ id, title, ...(await runCheck(check, subject)) });
  }
  return findings;
}

async function runCheck<Subject>({ title, run }: Check<Subject>, subject: Subject): Promise<Verdict> {
  try {
    return await run(subject);
  } catch (error) {
    const name = error instanceof Error ? error.name : "error"; // The message may quote a value.
    return warning(`unknown: ${name}`, `Run the doctor again. If "${title}" stays, report it with your Node version.`);
  }
}
