// What the control socket needs of an agent: its documents, and the wish that it ends.
import type { PeersDocument, StatusDocument, TopDocument } from "./control-documents.ts";

/** Documents are made when they are asked for; what throws is told to whoever asked, and stops nothing. */
export interface AgentView {
  status(): StatusDocument;
  peers(): PeersDocument;
  /** As things stand now; asked once a second while somebody looks. */
  top(): TopDocument;
  /** Ends the agent in order: nothing new is taken, what is in flight is finished. Idempotent. */
  drain(): void;
}
