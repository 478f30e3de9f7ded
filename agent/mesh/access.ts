// What a member may do, by its roles.
import type { Role } from "../protocol/peer-session.ts";

const allowed = {
  /** Have stages run by others. */
  ask: ["capture", "execute", "deploy"],
  /** Run stages of others. */
  serve: ["execute"],
  /** See what there is and how it does. */
  look: ["capture", "execute", "deploy", "view"],
} as const satisfies Record<string, readonly Role[]>;

export type Act = keyof typeof allowed;

export function mayAct(act: Act, roles: readonly Role[]): boolean {
  return roles.some((role) => (allowed[act] as readonly Role[]).includes(role));
}
