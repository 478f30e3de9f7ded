// Mends in a container, made of what the probes really say.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withContainerMends } from "../../../platform/linux/container-mends.ts";
import { probeLinux } from "../../../platform/linux/probe-linux.ts";
import { type BoardRecord, boardMachine } from "../../support/board-machine.ts";
import { boardFacts } from "../board-facts.ts";

const docker = { "/.dockerenv": "" };
const lxc = { "/run/systemd/container": "lxc\n" };

/** Mends by what they are about. */
async function mendsOf(record: BoardRecord): Promise<Record<string, string | undefined>> {
  const facts = withContainerMends(await probeLinux(boardMachine(record)));
  return Object.fromEntries(facts.absences.map(({ about, mend }) => [about, mend]));
}

const card = "/sys/class/drm/card0/device";
const pulledOut = { "/sys/class/video4linux/video2/name": "HD Webcam\n" };
const nvidia = { "/proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA A2\n" };
const denied = { ok: false, code: "no-permission", detail: "no" } as const;

describe("in a container", () => {
  test("nobody is told to plug something in, but what to start it with", async () => {
    const mends = await mendsOf({ files: docker });
    expect(mends["devices.cameras"]).toBe(
      "Start the container with the host's camera: docker run --device /dev/video0",
    );
    expect(mends["devices.microphones"]).toBe(
      "Start the container with the host's microphone: docker run --device /dev/snd --group-add audio",
    );
    expect(mends["devices.speakers"]).toBe(
      "Start the container with the host's speaker: docker run --device /dev/snd --group-add audio",
    );
    expect(mends["codecs"]).toContain("ffmpeg");
  });

  test("each engine has its own command, and those without one are told what to give", async () => {
    const podman = await mendsOf({ files: { "/run/.containerenv": "", ...nvidia } });
    expect(podman["devices.cameras"]).toContain("podman run --device /dev/video0");
    expect(podman["gpu"]).toContain("podman run --device nvidia.com/gpu=all");
    const other = await mendsOf({ files: { ...lxc, ...nvidia } });
    expect(other["devices.cameras"]).toBe("Give the container the host's camera (/dev/video0)");
    expect(other["devices.microphones"]).toBe(
      "Give the container the host's microphone (/dev/snd), and this user the group audio",
    );
    expect(other["gpu"]).toBe(
      "Install NVIDIA's driver and container toolkit on the host, and give the container its GPUs",
    );
  });

  test("a camera that the kernel has is named by its own file", async () => {
    expect((await mendsOf({ files: { ...docker, ...pulledOut } }))["devices.cameras"]).toBe(
      "Start the container with the host's camera: docker run --device /dev/video2",
    );
  });

  test("a card of NVIDIA's comes by the container toolkit, whether the host drives it or not", async () => {
    const pci = "/sys/bus/pci/devices/0000:01:00.0";
    const idle = { [`${pci}/vendor`]: "0x10de\n", [`${pci}/class`]: "0x030000\n" };
    for (const files of [nvidia, idle]) {
      expect((await mendsOf({ files: { ...docker, ...files } }))["gpu"]).toBe(
        "Install NVIDIA's driver and container toolkit on the host, and start the container with its GPUs: docker run --gpus all",
      );
    }
  });

  test("another GPU comes by its file", async () => {
    const files = {
      ...docker,
      [`${card}/uevent`]: "DRIVER=i915\n",
      "/usr/share/vulkan/icd.d/intel_icd.x86_64.json": "{}",
    };
    const folders = [`${card}/drm/renderD128`];
    expect((await mendsOf({ files, folders }))["gpu"]).toBe(
      "Start the container with the host's GPU: docker run --device /dev/dri",
    );
    const nodes = { "/dev/dri/renderD128": { isAccessible: false, group: "render" } };
    expect((await mendsOf({ files, folders, nodes }))["gpu"]).toBe(
      "Start the container with access to it: docker run --device /dev/dri/renderD128 --group-add render",
    );
  });

  test.each([
    ["video", "video"],
    ["a group that only the host knows", "44"],
  ])("a camera of the group %s that this user may not open comes with the group", async (_, group) => {
    const record = {
      files: { ...docker, ...pulledOut },
      nodes: { "/dev/video2": { group, isAccessible: false } },
      video: { "/dev/video2": denied },
    };
    expect((await mendsOf(record))["devices.cameras"]).toBe(
      `Start the container with access to it: docker run --device /dev/video2 --group-add ${group}`,
    );
  });

  test("a sound card's name puts nothing on the command line", async () => {
    const files = {
      ...docker,
      "/proc/asound/cards": " 0 [Evil           ]: USB-Audio - /dev/sda --privileged\n",
      "/proc/asound/pcm": "00-00: USB Audio : /dev/video9 : capture 1\n",
    };
    const nodes = { "/dev/snd/pcmC0D0c": { group: "audio", isAccessible: false } };
    const mends = await mendsOf({ files, nodes, pcm: { "/dev/snd/pcmC0D0c": denied } });
    expect(mends["devices.microphones"]).toBe(
      "Start the container with access to it: docker run --device /dev/snd --group-add audio",
    );
  });

  test("a mend for one of several devices that are there stays", () => {
    const mend = "Plug in a USB sound card or speaker";
    const only = { about: "devices.speakers", code: "not-present", detail: "Only HDMI plays", mend } as const;
    const speaker = { id: "alsa-hdmi-0", name: "HDMI", api: "alsa", address: "hw:CARD=hdmi,DEV=0" } as const;
    const unknown = { formats: undefined, maxChannels: undefined, rates: undefined };
    const host = { ...boardFacts({}).host, container: "docker" };
    const facts = boardFacts({ host, speakers: [{ ...speaker, ...unknown }], absences: [only] });
    expect(withContainerMends(facts).absences).toEqual([only]);
  });

  test("a Jetson's CUDA comes by NVIDIA's runtime", () => {
    const mend = "sudo apt install nvidia-jetpack, or in a container: start it with --runtime nvidia";
    const host = { ...boardFacts({}).host, container: "docker" };
    const absences = [{ about: "gpu", code: "not-present", detail: "no CUDA", mend } as const];
    const [absence] = withContainerMends(boardFacts({ host, absences })).absences;
    expect(absence!.mend).toMatch(/its GPU: docker run --runtime nvidia$/);
  });
});

test("outside of a container everything stays as it is", async () => {
  const facts = await probeLinux(boardMachine({ files: { ...pulledOut, ...nvidia } }));
  expect(withContainerMends(facts)).toBe(facts);
  expect(facts.absences.length).toBeGreaterThan(3);
});

test("whatever absences say, only devices of known shapes and plain groups get on a command line", () => {
  const words = [
    "In a container: start it with --device ",
    "sudo usermod -aG ",
    "--group-add ",
    "Install NVIDIA's",
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...words, "/dev/video1", "/dev/sda", "-v /:/", "; rm"), fc.string()))
    .map((parts) => parts.join(""));
  const absence = fc.record({
    about: fc.constantFrom("devices.cameras", "devices.microphones", "gpu", "codecs", "board"),
    code: fc.constantFrom("not-present" as const, "no-permission" as const, "busy" as const),
    detail: text,
    mend: fc.option(text, { nil: undefined }),
  });
  const safe =
    /^(Install NVIDIA's driver and container toolkit on the host, and start|Start) the container with [a-zA-Z' ]+: docker run( --gpus all| --runtime nvidia)?( --device \/dev\/[A-Za-z0-9/-]+)?( --group-add [a-z0-9_-]+)?$/;
  const host = { ...boardFacts({}).host, container: "docker" };
  fc.assert(
    fc.property(absence, (given) => {
      const [found] = withContainerMends(boardFacts({ host, absences: [given] })).absences;
      if (found!.mend === given.mend) return;
      expect(found!.mend).toMatch(safe);
      expect(found!.mend).not.toContain("/dev/sda");
    }),
    { numRuns: 2000 },
  );
});
