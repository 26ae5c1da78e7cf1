/** `seconds` since the epoch. */
export function Time({ seconds }: { seconds: number }) {
  const iso = new Date(seconds * 1000).toISOString();
  return <time dateTime={iso}>{`${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`}</time>;
}
