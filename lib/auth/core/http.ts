const TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 256 * 1024;

/**
 * One request to Cognito. Never follows a redirect (the client secret would go with it), is never cached by Next, and
 * ends after 5 s or 256 KiB, whichever comes first. Throws when there is no whole answer.
 */
export async function fetchText(url: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { ...init, redirect: "manual", cache: "no-store", signal });
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    bytes += part.value.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      await reader?.cancel();
      throw new Error("The answer is too long.");
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return { status: response.status, text: text + decoder.decode() };
}
