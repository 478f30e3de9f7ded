// A certificate for servers on this machine, and the authority that stands for it, made by openssl.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

/** Files in PEM. */
export interface TestCertificate {
  /** What a client has to trust. */
  readonly authorityFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Whether openssl is on this machine. */
export const isOpensslHere = Bun.which("openssl") !== null;

/** Makes both in `folder`; for localhost, 127.0.0.1 and ::1, for a day. */
export async function makeTestCertificate(folder: string): Promise<TestCertificate> {
  const file = (name: string) => join(folder, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl([
    ...["req", "-x509", ...key, "-days", "1", "-subj", "/CN=test authority"],
    ...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"],
    ...["-keyout", file("authority.key"), "-out", file("authority.pem")],
  ]);
  await openssl([
    ...["req", "-new", ...key, "-subj", "/CN=localhost"],
    ...["-keyout", file("server.key"), "-out", file("server.csr")],
  ]);
  writeFileSync(file("server.ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n");
  await openssl([
    ...["x509", "-req", "-in", file("server.csr"), "-days", "1", "-extfile", file("server.ext")],
    ...["-CA", file("authority.pem"), "-CAkey", file("authority.key"), "-CAcreateserial"],
    ...["-out", file("server.pem")],
  ]);
  return {
    authorityFile: file("authority.pem"),
    certificateFile: file("server.pem"),
    keyFile: file("server.key"),
  };
}

async function openssl(words: readonly string[]): Promise<void> {
  const child = Bun.spawn(["openssl", ...words], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) expect.fail(`openssl ${words[0]} failed: ${said}`);
}
