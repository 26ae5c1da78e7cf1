import { Report } from "../report";

/** Static: the build renders it once. */
export default function AboutPage() {
  return <Report viewer={null} />;
}
