// Where the events of the kit go. Yours to change.
import type { AuthEvent } from "./session";

/** Yours to change: send events to your logger, or to OpenTelemetry. It must not throw. */
export function report(event: AuthEvent): void {
  console.info(JSON.stringify({ at: new Date().toISOString(), auth: event }));
}
