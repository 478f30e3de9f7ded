// The network of fake links against the link suite.
import { openFakeLinks } from "../../platform/fake/fake-links.ts";
import { FakeTimers } from "../../platform/fake/fake-timers.ts";
import { describeLinks } from "./link.ts";

const ways = {
  "the fake network": { delayMs: 1 },
  "the fake network, late and lossy,": { delayMs: 30, jitterMs: 20, loss: 0.02, bytesPerSecond: 3_000_000 },
};

for (const [name, way] of Object.entries(ways)) {
  describeLinks(name, async () => {
    const timers = new FakeTimers();
    let state = 7;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    // The suite waits for real milliseconds too, while this clock runs through minutes.
    const net = openFakeLinks(timers, { random, failAfterMs: Number.POSITIVE_INFINITY, ...way });
    const [near, far] = [net.maker("near"), net.maker("far")];
    return {
      near,
      far,
      settle: async <T>(promise: Promise<T>): Promise<T> => {
        let isSettled = false;
        const settled = () => {
          isSettled = true;
        };
        promise.then(settled, settled);
        while (!isSettled) await timers.advance(1);
        return promise;
      },
      [Symbol.asyncDispose]: async () => {
        await near.close();
        await far.close();
      },
    };
  });
}
