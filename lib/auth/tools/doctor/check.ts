/** What a check saw. `mend` is the place in the Cognito console, the file or the command that puts it right. */
export type Verdict =
  | { readonly status: "ok"; readonly text: string }
  | { readonly status: "fault" | "warning" | "note"; readonly text: string; readonly mend: string };

export interface Check<Subject> {
  readonly id: string;
  readonly title: string;
  /** Ids of checks without which this one says nothing: they come before it. */
  readonly needs?: readonly string[];
  readonly run: (subject: Subject) => Verdict | Promise<Verdict>;
}

export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly status: Verdict["status"] | "unchecked";
  readonly text: string;
  readonly mend?: string;
}

export const ok = (text: string): Verdict => ({ status: "ok", text });

/** Certain, and sign-in, sign-out or protection breaks by it. */
export const fault = (text: string, mend: string): Verdict => ({ status: "fault", text, mend });

/** Something to look at, which may be right after all: never a reason to fail. */
export const warning = (text: string, mend: string): Verdict => ({ status: "warning", text, mend });

/** Something that cannot be seen from here. A good set-up has such notes, and no warning. */
export const note = (text: string, mend: string): Verdict => ({ status: "note", text, mend });

/** Runs checks in their order. What a fault makes meaningless is left out, and so is everything without a subject. */
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
    const name = error instanceof Error ? error.name : "error"; // Not its message, which may quote a value.
    return warning(`could not tell: ${name}`, `Run it again; if "${title}" stays, report it with your Node version.`);
  }
}
