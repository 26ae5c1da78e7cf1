const TIMEOUT_MS = 5_000;
const MAX_CHARACTERS = 256 * 1024;

/**
 * One request to Cognito. Follows no redirect (the client secret would go along), is never cached by Next, and ends
 * after 5 s or 256 KiB. Throws when there is no whole answer.
 */
export async function fetchText(url: string, init?: RequestInit): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { ...init, redirect: "manual", cache: "no-store", signal });
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    text += decoder.decode(part.value, { stream: true });
    if (text.length > MAX_CHARACTERS) throw new Error("Too long"); // The timeout ends the rest.
  }
  return { status: response.status, text };
}
