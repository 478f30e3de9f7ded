// A RemoteMedia node in C: the canonical ABI of nodes/wit/node.wit around three functions that you write.
//
// Include this header in exactly one file, define rm_open, rm_process and rm_flush there, and compile for wasm32 with a
// libc that has malloc (wasi-libc does; without stdio nothing of WASI is imported). See README.md for the commands.
#ifndef REMOTEMEDIA_NODE_H
#define REMOTEMEDIA_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum rm_kind { RM_BYTES, RM_TEXT, RM_JSON, RM_AUDIO, RM_VIDEO, RM_TENSOR, RM_ENCODED };
enum rm_sample_format { RM_S16LE, RM_S32LE, RM_F32LE };
enum rm_pixel_format { RM_GRAY8, RM_RGB24, RM_RGBA32, RM_I420, RM_NV12 };
enum rm_element { RM_U8, RM_I8, RM_U16, RM_I16, RM_I32, RM_I64, RM_FLOAT32, RM_FLOAT64 };
enum rm_failure { RM_INVALID_PARAMS, RM_BAD_INPUT, RM_FATAL };
enum rm_level { RM_DEBUG, RM_INFO, RM_WARN, RM_ERROR };

// One frame, laid out as the canonical ABI lays out the WIT's record: 40 bytes.
typedef struct {
  const char *port;
  uint32_t port_length;
  int64_t pts; // microseconds on the pipeline's clock
  uint8_t kind;
  union {
    struct { uint32_t rate; uint16_t channels; uint8_t format; } audio;
    struct { uint32_t width, height; uint8_t format; } video;
    struct { uint8_t element; const uint32_t *shape; uint32_t rank; } tensor;
    struct { const char *codec; uint32_t codec_length; } encoded;
  };
  uint8_t *data;
  uint32_t length;
} rm_frame;

_Static_assert(sizeof(void *) == 4 && sizeof(rm_frame) == 40, "this header is for wasm32");

// What you write. `params` is the manifest's JSON object, not terminated.
// rm_open and rm_process report trouble with rm_fail; what was emitted in a failed call is dropped.
void rm_open(const char *params, uint32_t length);
void rm_process(rm_frame *frame);
void rm_flush(void);

// ---- what you call -------------------------------------------------------------------------------------------------

static struct {
  rm_frame *frames;
  uint32_t count, capacity;
  void **blocks; // freed when the host has read the results
  uint32_t block_count, block_capacity;
  int failure;
  char *reason;
} rm_call;

static void *rm_checked(void *block) {
  if (block == NULL) __builtin_trap();
  return block;
}

static void rm_free_later(void *block) {
  if (rm_call.block_count == rm_call.block_capacity) {
    rm_call.block_capacity = rm_call.block_capacity == 0 ? 16 : rm_call.block_capacity * 2;
    rm_call.blocks = rm_checked(realloc(rm_call.blocks, rm_call.block_capacity * sizeof(void *)));
  }
  rm_call.blocks[rm_call.block_count++] = block;
}

// Memory for a frame's data, or anything else that may go when the call is over.
static inline void *rm_alloc(uint32_t size) {
  void *block = rm_checked(malloc(size == 0 ? 1 : size));
  rm_free_later(block);
  return block;
}

// Appends a frame. Its data must be of rm_alloc, or the input's. `port` must outlive the call: a literal does.
static inline rm_frame *rm_emit(const char *port, int64_t pts, enum rm_kind kind, void *data, uint32_t length) {
  if (rm_call.count == rm_call.capacity) {
    rm_call.capacity = rm_call.capacity == 0 ? 8 : rm_call.capacity * 2;
    rm_call.frames = rm_checked(realloc(rm_call.frames, rm_call.capacity * sizeof(rm_frame)));
  }
  rm_frame *frame = &rm_call.frames[rm_call.count++];
  memset(frame, 0, sizeof *frame);
  frame->port = port;
  frame->port_length = strlen(port);
  frame->pts = pts;
  frame->kind = kind;
  frame->data = data;
  frame->length = length;
  return frame;
}

// Appends a copy of a text as JSON.
static inline void rm_emit_json(const char *port, int64_t pts, const char *json) {
  uint32_t length = strlen(json);
  rm_emit(port, pts, RM_JSON, memcpy(rm_alloc(length), json, length), length);
}

// The call fails; the first reason counts.
static inline void rm_fail(enum rm_failure failure, const char *reason) {
  if (rm_call.failure >= 0) return;
  rm_call.failure = failure;
  rm_call.reason = strcpy(rm_alloc(strlen(reason) + 1), reason);
}

// A decimal number at `text`; NaN where there is none. (strtod would pull in stdio, and WASI with it.)
static inline double rm_number(const char *text, const char *end) {
  double sign = 1, value = 0, unit = 1;
  bool seen = false;
  if (text < end && *text == '-') { sign = -1; text++; }
  for (; text < end && *text >= '0' && *text <= '9'; text++, seen = true) value = value * 10 + (*text - '0');
  if (text < end && *text == '.') {
    for (text++; text < end && *text >= '0' && *text <= '9'; text++) value += (*text - '0') * (unit /= 10);
  }
  if (!seen) return __builtin_nan("");
  int exponent = 0, down = 0;
  if (text < end && (*text | 32) == 'e') {
    if (++text < end && (*text == '-' || *text == '+')) down = *text++ == '-';
    for (; text < end && *text >= '0' && *text <= '9' && exponent < 999; text++) exponent = exponent * 10 + (*text - '0');
  }
  for (; exponent > 0; exponent--) value = down ? value / 10 : value * 10;
  return sign * value;
}

// A number in the top level of a flat JSON object; `otherwise` where it isn't there.
static inline double rm_param_number(const char *params, uint32_t length, const char *key, double otherwise) {
  uint32_t size = strlen(key);
  for (uint32_t i = 0; i + size + 3 <= length; i++) {
    if (params[i] != '"' || memcmp(params + i + 1, key, size) != 0 || params[i + 1 + size] != '"') continue;
    uint32_t at = i + size + 2;
    while (at < length && (params[at] == ' ' || params[at] == ':')) at++;
    double value = rm_number(params + at, params + length);
    if (value == value) return value;
    rm_fail(RM_INVALID_PARAMS, key);
  }
  return otherwise;
}

__attribute__((import_module("remotemedia:node/log@1.0.0"), import_name("write")))
void rm_log_write(int level, const char *text, uint32_t length);

// A node that never calls this imports nothing.
static inline void rm_log(enum rm_level level, const char *text) { rm_log_write(level, text, strlen(text)); }

// ---- the exports ---------------------------------------------------------------------------------------------------

#define RM_EXPORT(name) __attribute__((export_name(name)))

// result<list<frame>, failure>
static struct {
  uint8_t failed;
  union {
    struct { rm_frame *frames; uint32_t count; };
    struct { uint8_t failure; const char *reason; uint32_t reason_length; };
  };
} rm_result;

static void rm_begin(void) {
  rm_call.count = 0;
  rm_call.failure = -1;
}

static void *rm_complete(void) {
  rm_result.failed = rm_call.failure >= 0;
  if (rm_result.failed) {
    rm_result.failure = rm_call.failure;
    rm_result.reason = rm_call.reason;
    rm_result.reason_length = strlen(rm_call.reason);
  } else {
    rm_result.frames = rm_call.count == 0 ? (rm_frame *)8 : rm_call.frames;
    rm_result.count = rm_call.count;
  }
  return &rm_result;
}

// The host allocates what it lowers; a list of length 0 was never allocated.
static void rm_lowered(const void *block, uint32_t length) {
  if (length != 0) rm_free_later((void *)block);
}

RM_EXPORT("cabi_realloc") void *rm_cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  if (size == 0) {
    if (old_size != 0) free(old);
    return (void *)align;
  }
  return rm_checked(realloc(old_size == 0 ? NULL : old, size));
}

RM_EXPORT("open") void *rm_export_open(const char *params, uint32_t length) {
  rm_begin();
  rm_lowered(params, length);
  rm_open(params, length);
  return rm_complete();
}

RM_EXPORT("process") void *rm_export_process(
  const char *port, uint32_t port_length, int64_t pts, int32_t kind, int32_t a, int32_t b, int32_t c,
  uint8_t *data, uint32_t length) {
  rm_begin();
  rm_lowered(port, port_length);
  rm_lowered(data, length);
  rm_frame frame = {.port = port, .port_length = port_length, .pts = pts, .kind = kind, .data = data, .length = length};
  if (kind == RM_AUDIO) {
    frame.audio.rate = a;
    frame.audio.channels = b;
    frame.audio.format = c;
  } else if (kind == RM_VIDEO) {
    frame.video.width = a;
    frame.video.height = b;
    frame.video.format = c;
  } else if (kind == RM_TENSOR) {
    frame.tensor.element = a;
    frame.tensor.shape = (const uint32_t *)b;
    frame.tensor.rank = c;
    rm_lowered((void *)b, c);
  } else if (kind == RM_ENCODED) {
    frame.encoded.codec = (const char *)a;
    frame.encoded.codec_length = b;
    rm_lowered((void *)a, b);
  }
  rm_process(&frame);
  return rm_complete();
}

RM_EXPORT("flush") void *rm_export_flush(void) {
  rm_begin();
  rm_flush();
  return rm_complete();
}

static void rm_end(void) {
  while (rm_call.block_count > 0) free(rm_call.blocks[--rm_call.block_count]);
}

RM_EXPORT("cabi_post_open") void rm_post_open(void *result) { (void)result; rm_end(); }
RM_EXPORT("cabi_post_process") void rm_post_process(void *result) { (void)result; rm_end(); }
RM_EXPORT("cabi_post_flush") void rm_post_flush(void *result) { (void)result; rm_end(); }

#endif
