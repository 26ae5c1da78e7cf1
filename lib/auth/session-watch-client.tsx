"use client";
// Keeps the browser's tabs in step. session-watch.tsx renders it.

import { useEffect, useRef } from "react";

/** `first` announces a page that the user loaded, `reply` a page that reloaded because of a first message. */
type Kind = "first" | "reply";
type Load = Kind | "silent";

interface Props {
  readonly channel: string;
  readonly subject: string | null;
}

/**
 * Each page tells the browser's other tabs for whom it was rendered. A tab that shows another user reloads, and so does
 * a page that the Back button takes from the browser's memory.
 *
 * A page that reloads because of a first message sends a reply. A page that reloads because of a reply sends nothing.
 * Without this rule, tabs that never agree would reload each other without end.
 */
export function SessionWatchClient({ channel: name, subject }: Props) {
  const shown = useRef<{ readonly subject: string | null; readonly load: Load }>(null);
  useEffect(() => {
    // React runs effects twice in development: the second run must find what the first one read.
    if (shown.current?.subject !== subject) shown.current = { subject, load: takeLoad(name) };
    const { load } = shown.current;
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!isMessage(data) || data.subject === subject || !rememberLoad(name, data.kind)) return;
      channel.close(); // One reload answers everything that arrives meanwhile.
      location.reload();
    };
    if (load !== "silent") channel.postMessage({ subject, kind: load });
    const checkMemory = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
    };
    addEventListener("pageshow", checkMemory);
    return () => {
      channel.close();
      removeEventListener("pageshow", checkMemory);
    };
  }, [name, subject]);
  return null;
}

function isMessage(data: unknown): data is { subject: unknown; kind: Kind } {
  return typeof data === "object" && data !== null && "subject" in data && "kind" in data && isKind(data.kind);
}

function isKind(kind: unknown): kind is Kind {
  return kind === "first" || kind === "reply";
}

/** Returns the message that this page load sends, and forgets it: the next load in this tab is the user's. */
function takeLoad(name: string): Load {
  try {
    const cause = sessionStorage.getItem(name);
    sessionStorage.removeItem(name);
    const [navigation] = performance.getEntriesByType("navigation");
    // A reload that led to a sign-in comes back as another navigation: the other tabs must hear of that sign-in.
    const isReload = navigation !== undefined && "type" in navigation && navigation.type === "reload";
    if (!isReload || !isKind(cause)) return "first";
    return cause === "first" ? "reply" : "silent";
  } catch {
    return "first";
  }
}

/** False when the browser keeps nothing for this page. Then it must not reload, because nothing would end the loop. */
function rememberLoad(name: string, cause: Kind): boolean {
  try {
    sessionStorage.setItem(name, cause);
    return true;
  } catch {
    return false;
  }
}
