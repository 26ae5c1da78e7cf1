"use client";

import { useEffect } from "react";

const CHANNEL = "auth";

/**
 * Put it into the layout, with the `sub` of who is signed in, or null. Each page tells the browser's other tabs whom it
 * was made for; a tab that shows somebody else's loads itself anew, and so leaves a private page after a sign-out. The
 * same goes for a page that the Back button brings out of the browser's memory.
 */
export function SessionWatch({ subject }: { readonly subject: string | null }) {
  useEffect(() => {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }) => {
      if (data !== subject) location.reload();
    };
    channel.postMessage(subject);
    const checkMemory = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
    };
    addEventListener("pageshow", checkMemory);
    return () => {
      channel.close();
      removeEventListener("pageshow", checkMemory);
    };
  }, [subject]);
  return null;
}
