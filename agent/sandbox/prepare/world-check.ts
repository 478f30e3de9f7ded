// Whether jco read a component's types as those of the node world: its generated declarations tell.

/** The declarations that jco writes for the world's own types, without comments and white space. A component whose
 * `types` interface has the right name and another content differs here. */
const typesDeclarations = `
export type SampleFormat = 's16le' | 's32le' | 'f32le';
export interface Audio { rate: number, channels: number, format: SampleFormat, }
export type PixelFormat = 'gray8' | 'rgb24' | 'rgba32' | 'i420' | 'nv12';
export interface Video { width: number, height: number, format: PixelFormat, }
export type ElementType = 'uint8' | 'int8' | 'uint16' | 'int16' | 'int32' | 'int64' | 'float32' | 'float64';
export interface Tensor { element: ElementType, shape: Uint32Array, }
export type Payload = PayloadBytes | PayloadText | PayloadJson | PayloadAudio | PayloadVideo | PayloadTensor | PayloadEncoded;
export interface PayloadBytes { tag: 'bytes', }
export interface PayloadText { tag: 'text', }
export interface PayloadJson { tag: 'json', }
export interface PayloadAudio { tag: 'audio', val: Audio, }
export interface PayloadVideo { tag: 'video', val: Video, }
export interface PayloadTensor { tag: 'tensor', val: Tensor, }
export interface PayloadEncoded { tag: 'encoded', val: string, }
export interface Frame { port: string, pts: bigint, payload: Payload, data: Uint8Array, }
export type Failure = FailureInvalidParams | FailureBadInput | FailureFatal;
export interface FailureInvalidParams { tag: 'invalid-params', val: string, }
export interface FailureBadInput { tag: 'bad-input', val: string, }
export interface FailureFatal { tag: 'fatal', val: string, }
`;

const functions = {
  open: ["open(params:string):void"],
  process: ["process(input:Frame):Array<Frame>", "process(input:Frame):Frame[]"],
  flush: ["flush():Array<Frame>", "flush():Frame[]"],
} as const;

const decoder = new TextDecoder();

/** Says what differs from the world, or undefined. `files` are jco's, with its `.d.ts`. */
export function worldProblem(
  files: readonly (readonly [name: string, bytes: Uint8Array])[],
): string | undefined {
  const declarations = new Map(
    files
      .filter(([name]) => name.endsWith(".d.ts"))
      .map(([name, bytes]) => [name, compact(decoder.decode(bytes))]),
  );
  const types = declarations.get("interfaces/remotemedia-node-types.d.ts");
  if (types === undefined || types !== compact(typesDeclarations))
    return "its frame is not remotemedia:node/types@1.0.0";
  const root = [...declarations].find(([name]) => !name.includes("/"))?.[1] ?? "";
  for (const [name, signatures] of Object.entries(functions)) {
    if (!signatures.some((signature) => root.includes(signature))) return `its ${name} has another type`;
  }
  return undefined;
}

function compact(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/\/\/.*$/gm, "")
    .replaceAll(/\s+/g, "");
}
