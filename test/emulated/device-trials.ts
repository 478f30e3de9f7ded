// What the virtual machine with cameras and sound cards is given, and what it is told to do.
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the machine finds what was written for it, and leaves what it writes. */
const out = "/tmp/out";

/** Two cameras, the second of which has planes of its own, and a card whose playback comes back as capture.
 * @see https://docs.kernel.org/admin-guide/media/vivid.html */
export const deviceModules = { vivid: "n_devs=2 multiplanar=1,2 no_error_inj=1", snd_aloop: "" };

/** Slow enough for an emulated processor beside other work: what it can't take in time the camera itself leaves out. */
export const picture = { width: 320, height: 180, fps: 5 } as const;
export const tone = { rate: 48_000, channels: 2, hz: 1000, seconds: 60 } as const;

/** An emulated processor starts FFmpeg in five seconds, and in twenty when it has much to do: patience is no part of what is tried. */
const stall_ms = 60_000;
const camera = {
  id: "camera",
  node_type: "CameraSource",
  params: { ...picture, device: "/dev/video0", format: "YUYV", pixels: "rgb24", buffer_frames: 64, stall_ms },
};
/** Found again by its id in the statement, whatever its device file is called then. The driver doesn't wake who waits for a picture of a
 * camera that is gone: it is lost by its silence. */
const lostCamera = { ...camera, params: { ...camera.params, device: "platform-vivid.0", stall_ms: 15_000 } };
const microphone = {
  id: "microphone",
  node_type: "AudioSource",
  params: {
    device: "hw:CARD=Loopback,DEV=1",
    ...{ sample_rate: tone.rate, channels: tone.channels, api: "alsa", buffer_ms: 20_000, stall_ms },
  },
};
/** Generous, since an emulated processor's first call of a function may take a hundred times what it takes elsewhere. */
const handOn = { id: "hand-on", node_type: "PassThrough", limits: { max_execution_ms: 60_000 } };

const pipelineOf = (source: { readonly id: string }) => ({
  version: "v1",
  nodes: [source, handOn],
  connections: [{ from: source.id, to: handOn.id }],
});

const speaker = { id: "speaker", node_type: "AudioSink", params: { device: "hw:CARD=Loopback,DEV=0" } };

const pipelines = {
  speaker: {
    version: "v1",
    nodes: [handOn, speaker],
    connections: [{ from: handOn.id, to: speaker.id }],
  },
  camera: pipelineOf(camera),
  "lost-camera": pipelineOf(lostCamera),
  microphone: pipelineOf(microphone),
};

/** Fills an empty folder with the program, the pipelines and a tone. */
export function packDeviceTrials(folder: string, program: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(program, join(folder, "remotemedia"));
  for (const [name, pipeline] of Object.entries(pipelines))
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(pipeline));
  writeFileSync(join(folder, "tone.wav"), toneFile());
}

const program = `${out}/remotemedia`;

/** For the shell. `until_true SECONDS COMMAND…` looks five times a second; `begin PIPELINE OPTION…` runs one until `end`, which waits for
 * what it has to finish; `frames PIPELINE COUNT` says whether so many have left it. */
const helpers = `set -e
until_true() {
  left=$(($1 * 5)); shift
  while ! "$@"; do
    left=$((left - 1)); [ $left -gt 0 ] || { echo "never: $*"; return 1; }
    sleep 0.2
  done
}
begin() {
  name=$1; shift
  : > ${out}/$name.ndjson
  ${program} run ${out}/$name.json --json "$@" > ${out}/$name.ndjson 2> ${out}/$name.log &
  running=$!
}
frames() { [ "$(wc -l < ${out}/$1.ndjson)" -ge "$2" ]; }
end() { kill -TERM $running; wait $running; }
`;

/** The commands by name, in their order. */
export const deviceTrials = {
  system: "hostname board; uname -srm; ffmpeg -hide_banner -version | head -n 1",
  // FFmpeg's answers are kept once they have come, which takes an emulated processor some tries where this machine is busy.
  warm: `for try in 1 2 3 4 5; do
  ${program} probe --json > ${out}/warm.json
  grep -q timed-out ${out}/warm.json || exit 0
done
exit 1`,
  probe: `${program} probe --json > ${out}/probe.json`,
  prober: `printf '/dev/video0\\n/dev/video4\\n' | ${program} __prober > ${out}/prober.ndjson`,
  "v4l2-ctl": `cd ${out}
for node in video0 video4; do v4l2-ctl -d /dev/$node --list-formats-ext > $node.formats || exit; done`,
  "sound-cards": `arecord --list-devices > ${out}/microphones.txt && aplay --list-devices > ${out}/speakers.txt`,
  camera: `${helpers}
begin camera --output - --raw
until_true 60 frames camera 40
end`,
  microphone: `${helpers}
aplay -q -D hw:CARD=Loopback,DEV=0 ${out}/tone.wav &
player=$!
begin microphone --output - --raw
until_true 60 frames microphone 200
kill $player
end`,
  speaker: `${helpers}
begin speaker --input ${out}/tone.wav
until_true 60 grep -q RUNNING /proc/asound/card0/pcm0p/sub0/status
arecord -q -D hw:CARD=Loopback,DEV=1 -f S16_LE -r ${tone.rate} -c ${tone.channels} -d 3 ${out}/speaker.wav
end`,
  "lost-camera": `${helpers}
driver=/sys/bus/platform/drivers/vivid
event() { grep -q '"kind":"'$1'"' ${out}/lost-camera.log; }
begin lost-camera --output -
until_true 60 frames lost-camera 10
echo vivid.0 > $driver/unbind
until_true 60 event lost
ls /dev | grep '^video' && exit 1
before=$(wc -l < ${out}/lost-camera.ndjson)
echo vivid.0 > $driver/bind
until_true 60 event found
until_true 60 frames lost-camera $((before + 20))
end
echo $before`,
  watch: `${helpers}
driver=/sys/bus/platform/drivers/vivid
statements() { [ "$(wc -l < ${out}/watch.ndjson)" -ge "$1" ]; }
: > ${out}/watch.ndjson
${program} probe --watch --json > ${out}/watch.ndjson &
running=$!
until_true 60 statements 1
echo vivid.0 > $driver/unbind
until_true 60 statements 2
echo vivid.0 > $driver/bind
until_true 60 statements 3
end`,
  kernel: "dmesg | grep -E 'segfault|Oops|BUG:|WARNING:' || true",
};
/** A sine at half the loudest, as 16-bit samples. */
function toneFile(): Uint8Array {
  const { rate, channels, hz, seconds } = tone;
  const dataBytes = rate * channels * seconds * 2;
  const view = new DataView(new ArrayBuffer(44 + dataBytes));
  const text = (offset: number, letters: string) => {
    for (const [index, letter] of [...letters].entries()) view.setUint8(offset + index, letter.charCodeAt(0));
  };
  text(0, "RIFF");
  view.setUint32(4, 36 + dataBytes, true);
  text(8, "WAVEfmt ");
  const fields: readonly (readonly [offset: number, value: number, bytes: 2 | 4])[] = [
    [16, 16, 4],
    [20, 1, 2],
    [22, channels, 2],
    [24, rate, 4],
    [28, rate * channels * 2, 4],
    [32, channels * 2, 2],
    [34, 16, 2],
    [40, dataBytes, 4],
  ];
  for (const [offset, value, bytes] of fields)
    bytes === 2 ? view.setUint16(offset, value, true) : view.setUint32(offset, value, true);
  text(36, "data");
  for (let index = 0; index < rate * channels * seconds; index++) {
    const time = Math.floor(index / channels) / rate;
    view.setInt16(44 + 2 * index, Math.round(16_384 * Math.sin(2 * Math.PI * hz * time)), true);
  }
  return new Uint8Array(view.buffer);
}
