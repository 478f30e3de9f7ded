// Links by libdatachannel obey the contract of links.
import { openWebrtc } from "../../../platform/webrtc/open-webrtc.ts";
import { describeLinks } from "../../conformance/link.ts";

describeLinks("openWebrtc", async () => {
  const [near, far] = [await openWebrtc(), await openWebrtc()];
  return {
    near,
    far,
    [Symbol.asyncDispose]: async () => {
      await near.close();
      await far.close();
    },
  };
});
