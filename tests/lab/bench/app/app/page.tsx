import { findViewer } from "../viewer";
import { Report } from "./report";

export default async function PublicPage() {
  return <Report viewer={await findViewer()} />;
}
