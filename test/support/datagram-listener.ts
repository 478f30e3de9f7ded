// Plays the service manager: a unix datagram socket that Perl reads, which every Debian has.

const script = `
use strict; use IO::Socket::UNIX; use Socket; $| = 1;
my $name = shift; $name =~ s/^@/\\0/;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $name) or die "no socket: $!";
print "listening\\n";
while (defined $socket->recv(my $text, 65536)) { $text =~ s/\\n/\\\\n/g; print "$text\\n"; }
`;

export interface DatagramListener extends AsyncDisposable {
  /** The next datagram's text. */
  next(): Promise<string>;
}

/** @param name a path, or `@` and an abstract name */
export async function openListener(name: string): Promise<DatagramListener> {
  const child = Bun.spawn(["perl", "-e", script, name], {
    stdout: "pipe",
    stderr: "inherit",
    stdin: "ignore",
  });
  const lines = readLines(child.stdout);
  const next = async (): Promise<string> => {
    const { value } = await lines.next();
    if (value === undefined) throw new Error("the listener has ended");
    return value.replaceAll("\\n", "\n");
  };
  await next();
  return {
    next,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const whole = rest.split("\n");
    rest = whole.pop()!;
    yield* whole;
  }
  return undefined;
}
