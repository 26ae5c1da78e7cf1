// Sends one request to Cognito, within limits.
import { startDeadline } from "./deadline";

const TIMEOUT_MS = 5_000;
const MAX_CHARACTERS = 256 * 1024;

/**
 * Sends a request and returns the whole answer. It follows no redirect, because the client secret would go along. Next
 * never caches it. It ends after 5 s or 262,144 characters. Throws when there is no whole answer.
 */
export async function fetchText(
  url: string,
  init?: RequestInit,
): Promise<{ status: number; headers: Headers; text: string }> {
  const controller = new AbortController();
  const cancel = startDeadline(TIMEOUT_MS, () => controller.abort());
  try {
    const { signal } = controller;
    const response = await fetch(url, { ...init, redirect: "manual", cache: "no-store", signal });
    const { status, headers } = response;
    return { status, headers, text: await readText(response) };
  } catch (error) {
    controller.abort(); // Also ends a body that is too long.
    throw error;
  } finally {
    cancel();
  }
}

async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    text += decoder.decode(part.value, { stream: true });
    if (text.length > MAX_CHARACTERS) throw new Error("Too long");
  }
  return text;
}
