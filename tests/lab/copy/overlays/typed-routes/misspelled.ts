import { requireSession } from "@/lib/auth/session";

// @ts-expect-error: a misspelled group does not compile
export const misspelled = () => requireSession({ groups: ["admin"] });
