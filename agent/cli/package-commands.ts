// The commands about packages, signatures and registries: what each takes, for parsing and for help.
import type { Command, OptionSpec } from "./command.ts";
import { registryOptions, trustOptions } from "./package-options.ts";

const reference = { name: "REF", required: true };
const referenceNote =
  "REF is an .rmpkg, the folder of an OCI image layout, oci://HOST[:PORT]/REPOSITORY[:TAG], the same with @sha256:DIGEST, or sha256:DIGEST of a package in the store. By digest, what the store has is taken from there without network.";
const trustNote =
  "Who is trusted is said by --key, or else by trust.json in $REMOTEMEDIA_HOME (default ~/.remotemedia), in which keygen enters one's own keys.";
const passphraseNote =
  "A key's passphrase is taken from --passphrase-file, else from REMOTEMEDIA_PASSPHRASE, else it is asked for on the terminal.";
const registryNote =
  "Credentials are docker's: config.json in $DOCKER_CONFIG or ~/.docker, and its credential helpers. REMOTEMEDIA_CA_FILE and REMOTEMEDIA_PLAIN_HTTP say for good what --ca-file and --plain-http say once.";
const exitNote =
  "Exit: 0 done, 1 failed or interrupted, 2 refused (usage, the package's form, a key), 3 refused by trust (digest, signature, policy), 4 the registry can't be reached.";

const passphraseOption = {
  "passphrase-file": {
    value: "FILE",
    help: "Take the key's passphrase from the first line of this file.",
  },
} as const satisfies Record<string, OptionSpec>;

export const packageCommands: readonly Command[] = [
  {
    name: "build",
    summary: "Pack a pipeline's folder into an .rmpkg, signed where a key is given.",
    operands: [{ name: "DIR", required: true }],
    options: {
      output: {
        value: "FILE",
        short: "o",
        help: "The package's file (default: the pipeline's name and .rmpkg).",
      },
      sign: {
        value: "KEY",
        help: "Sign it with this private key, in both layouts that cosign knows, and add the provenance of the build.",
      },
      ...passphraseOption,
      force: { help: "Write over a file that is no package." },
      ...registryOptions,
    },
    notes: [
      "What validate refuses of the pipeline itself isn't packed; what only this machine lacks is told, since boards run what laptops pack. In the package are the manifest, the modules that it names with their node.json, and all files in models/. The same folder gives the same bytes; signatures lie beside the package and don't change its digest.",
      'A module with "base": "oci://HOST/REPOSITORY@sha256:DIGEST" that isn\'t in the folder is taken from the store or its registry.',
      passphraseNote,
      exitNote,
    ],
    examples: [
      "remotemedia build examples/speech-gate",
      "remotemedia build examples/speech-gate -o gate.rmpkg --sign alice.key",
    ],
    load: async () => (await import("./build-command.ts")).executeBuild,
  },
  {
    name: "inspect",
    summary: "Show what a package is, may do and asks for, who signed it, and where its bytes come from.",
    operands: [reference],
    options: { ...trustOptions, ...registryOptions },
    notes: [
      referenceNote,
      "Nothing of the package is run, and nobody needs to trust it: digests are checked, and of each signature it says whether it is trusted here, or why not.",
      trustNote,
      exitNote,
    ],
    examples: [
      "remotemedia inspect gate.rmpkg",
      "remotemedia inspect oci://registry.example/cameras/doorbell:1 --json",
    ],
    load: async () => (await import("./inspect-command.ts")).executeInspect,
  },
  {
    name: "verify",
    summary: "Prove that a package is, to the last byte, what a trusted signer signed.",
    operands: [reference],
    options: { ...trustOptions, ...registryOptions },
    notes: [
      referenceNote,
      "All of the package is read: one that a registry has, too. It prints the signer, every signature and the provenance.",
      trustNote,
      exitNote,
    ],
    examples: [
      "remotemedia verify gate.rmpkg --key alice.key.pub",
      "remotemedia verify oci://registry.example/cameras/doorbell:1 --key alice.key.pub --json",
    ],
    load: async () => (await import("./verify-command.ts")).executeVerify,
  },
  {
    name: "sign",
    summary: "Sign a package that is there already, in its file or in its registry.",
    operands: [reference],
    options: {
      key: { value: "FILE", help: "The private key: of keygen, cosign or OpenSSL (ECDSA P-256)." },
      ...passphraseOption,
      ...registryOptions,
    },
    notes: [
      "REF is an .rmpkg, which is written anew as a whole, or oci://…, to which only the signature is pushed. Signatures of others stay. Both layouts that cosign knows are written: a bundle as a referrer, and simple signing.",
      passphraseNote,
      registryNote,
      exitNote,
    ],
    examples: [
      "remotemedia sign gate.rmpkg --key alice.key",
      "remotemedia sign oci://registry.example/cameras/doorbell:1 --key alice.key",
    ],
    load: async () => (await import("./sign-command.ts")).executeSign,
  },
  {
    name: "keygen",
    summary: "Make a pair of signing keys, and trust it on this machine.",
    operands: [],
    options: {
      output: {
        value: "FILE",
        short: "o",
        help: "The private key's file (default remotemedia.key); the public key is FILE.pub. Neither is ever written over.",
      },
      name: { value: "NAME", help: "What trust.json calls the signer (default: the file's name)." },
      "no-trust": { help: "Don't enter the public key in this user's trust.json." },
      "no-passphrase": { help: "Write the private key unencrypted." },
      ...passphraseOption,
    },
    notes: [
      "ECDSA on P-256. The private key is PKCS#8, encrypted by a passphrase: from --passphrase-file, else from REMOTEMEDIA_PASSPHRASE, else asked for twice.",
      "Other machines trust what it signs by --key FILE.pub, or by their trust.json.",
    ],
    examples: [
      "remotemedia keygen -o alice.key",
      "remotemedia keygen -o ci.key --passphrase-file /run/secrets/ci",
    ],
    load: async () => (await import("./keygen-command.ts")).executeKeygen,
  },
  {
    name: "push",
    summary: "Put a package into a registry; only what isn't there yet moves.",
    operands: [reference, { name: "OCI-REF", required: true }],
    options: { ...registryOptions },
    notes: [
      "OCI-REF is oci://HOST[:PORT]/REPOSITORY[:TAG]; without a tag it is latest. Its signatures go with it. The tag comes last: a push that breaks off changes none, and the next one goes on from there.",
      referenceNote,
      "On stdout stands the reference by digest, which means the same bytes for ever.",
      registryNote,
      exitNote,
    ],
    examples: [
      "remotemedia push gate.rmpkg oci://registry.example/cameras/gate:1",
      "remotemedia push gate.rmpkg oci://localhost:5000/gate:1 --plain-http",
    ],
    load: async () => (await import("./push-command.ts")).executePush,
  },
  {
    name: "pull",
    summary: "Fetch a package into the store, verified; only what isn't there yet moves.",
    operands: [{ name: "OCI-REF", required: true }],
    options: {
      output: { value: "FILE", short: "o", help: "Write it to this .rmpkg as well." },
      force: { help: "Write over a file that is no package." },
      ...trustOptions,
      ...registryOptions,
    },
    notes: [
      "The signature is verified before anything else is fetched. What a broken pull has fetched is kept, and the next one goes on from there.",
      trustNote,
      registryNote,
      exitNote,
    ],
    examples: [
      "remotemedia pull oci://registry.example/cameras/gate:1 --key alice.key.pub",
      "remotemedia pull oci://registry.example/cameras/gate:1 -o gate.rmpkg",
    ],
    load: async () => (await import("./pull-command.ts")).executePull,
  },
  {
    name: "cache",
    summary: "List the packages that are stored here; remove, pin and unpin them.",
    operands: [
      { name: "list|gc|clear|pin|unpin", required: true },
      { name: "REF", required: false },
    ],
    options: { force: { help: "clear: remove what is kept as well." } },
    notes: [
      "list shows what is stored. gc removes what is neither pinned, active, previous nor in use. clear removes all of it. pin REF keeps a package from gc; REF is a digest or its first 8 digits, a reference that it was pulled by, or the pipeline's name.",
      "Exit: 0 done, 1 the disk failed, 2 refused.",
    ],
    examples: [
      "remotemedia cache list",
      "remotemedia cache gc",
      "remotemedia cache pin oci://registry.example/cameras/gate:1",
    ],
    load: async () => (await import("./cache-command.ts")).executeCache,
  },
];
