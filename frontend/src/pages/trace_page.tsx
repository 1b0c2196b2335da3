/** A saved trace: the view of the debugger over what the page holds. */

import { createRoot } from "react-dom/client";

import { TraceView } from "../components/TraceView";
import { type Answered, DocumentHost } from "../document_host";

const { session, answers } = JSON.parse(document.getElementById("data")!.textContent!) as { session: unknown; answers: Answered[] };
const host = new DocumentHost({ live: false, breakpoints: [] }, [{ name: "shown", args: { world: 0 }, result: session }, ...answers]);
createRoot(document.getElementById("trace")!).render(<TraceView host={host} />);
