// Discovery over multicast DNS: two on this machine find each other and part, and no packet breaks either.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Service } from "../../../platform/contract/discovery.ts";
import { openDiscovery, readServices } from "../../../platform/mdns/open-discovery.ts";

const type = "_rmtest._tcp";
type Response = Parameters<typeof readServices>[0];

test("two find each other, and a goodbye is heard", async (context) => {
  const problems: unknown[] = [];
  const near = await openDiscovery((problem) => problems.push(problem));
  await using far = await openDiscovery((problem) => problems.push(problem));
  const name = `near-${process.pid}`;
  const found: Service[] = [];
  const lost: string[] = [];
  near.advertise(type, { name, port: 7400, txt: { v: "1" } });
  far.browse(
    type,
    (service) => found.push(service),
    (gone) => lost.push(gone),
  );
  await expect.poll(() => found.length + problems.length, { timeout: 5000 }).toBeGreaterThan(0);
  // Reason of a skip: this machine's network carries no multicast.
  if (problems.length > 0) context.skip();
  expect(found.find((service) => service.name === name)).toMatchObject({ port: 7400, txt: { v: "1" } });
  await near[Symbol.asyncDispose]();
  await expect.poll(() => lost, { timeout: 5000 }).toContain(name);
});

test("a service is read whole, and its name and texts are held to bounds", () => {
  const answers = [
    { type: "SRV", name: `a.${type}.local`, ttl: 99_999, data: { target: "a.local", port: 7400 } },
    { type: "SRV", name: `a b.${type}.local`, data: { target: "a.local", port: 7400 } },
    { type: "SRV", name: `c.${type}.local`, data: { target: "a.local", port: 0 } },
    { type: "TXT", name: `a.${type}.local`, data: [Buffer.from("v=1\u001b[2J"), Buffer.from("no text")] },
    ...Array.from({ length: 20 }, (_, i) => ({ type: "A", name: "a.local", data: `10.0.0.${i}` })),
  ];
  const [one, ...others] = readServices({ answers } as unknown as Response, type);
  expect(others).toEqual([]);
  expect(one).toMatchObject({ ttl: 4500, service: { name: "a", port: 7400 } });
  expect(one?.service.addresses).toHaveLength(8);
  expect(one?.service.txt["v"]).not.toContain("\u001b");
});

test("no response breaks the reader", () => {
  const record = fc.record(
    {
      type: fc.constantFrom("SRV", "TXT", "A", "PTR"),
      name: fc.constantFrom(`a.${type}.local`, "a.local", ""),
      ttl: fc.nat(),
      data: fc.oneof(fc.anything(), fc.record({ target: fc.anything(), port: fc.anything() })),
    },
    { requiredKeys: ["type", "name"] },
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (answers) => {
      for (const { service } of readServices({ answers } as unknown as Response, type)) {
        expect(service.port).toBeGreaterThan(0);
      }
    }),
  );
});
