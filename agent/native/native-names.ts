// The names of the native node types, for who only tells them: the types themselves bring their schemas along.

/** In alphabetical order; a test holds it to the types. */
export const nativeNames: readonly string[] = [
  ...["AudioSink", "AudioSource", "CameraSource", "FileSink", "FileSource", "ImageSink"],
  ...["RemotePipelineNode", "RtspSource", "ScreenSource", "SyntheticSource"],
];

/** The one that is neither a source nor a sink. */
export const remotePipelineType = "RemotePipelineNode";
