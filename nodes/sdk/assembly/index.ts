// What a node imports: everything an author needs, nothing of the ABI.
export { ByteQueue } from "./byte-queue";
export { Floats } from "./floats";
export { Frame } from "./frame";
export { JsonReader } from "./json-reader";
export { JsonWriter } from "./json-writer";
export { Element, Kind, PixelFormat, SampleFormat, pictureBytes, sampleBytes } from "./kinds";
export { log } from "./log";
export { Node } from "./node";
export { Output } from "./output";
export { Params } from "./params";
export { fromFloats, toFloats } from "./samples";
