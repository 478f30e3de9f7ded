// Links by libdatachannel obey the contract of links, raced as the mesh races them: one connect in some hundred fails, when the library refuses a
// certificate whose fingerprint it is just storing, and is made again at once.
import { hedgeLinks } from "../../../agent/mesh/hedged-links.ts";
import { systemTimers } from "../../../platform/contract/timers.ts";
import { openWebrtc } from "../../../platform/webrtc/open-webrtc.ts";
import { describeLinks } from "../../conformance/link.ts";

describeLinks("openWebrtc", async () => {
  const [near, far] = [
    hedgeLinks(await openWebrtc(), { timers: systemTimers }),
    hedgeLinks(await openWebrtc(), { timers: systemTimers }),
  ];
  return {
    near,
    far,
    [Symbol.asyncDispose]: async () => {
      await near.close();
      await far.close();
    },
  };
});
