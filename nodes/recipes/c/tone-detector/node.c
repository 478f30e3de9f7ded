// ToneDetector: says when a tone of one frequency starts and stops, by Goertzel's algorithm.
#include <math.h>
#include "../remotemedia-node.h"
#ifdef WITH_STDIO
#include <stdio.h>
#endif

static double frequency, threshold_db, window_ms;
static double coefficient, before, previous, energy;
static uint32_t rate, window, filled;
static bool sounding;

void rm_open(const char *params, uint32_t length) {
  frequency = rm_param_number(params, length, "frequency", 1000);
  threshold_db = rm_param_number(params, length, "threshold_db", -30);
  window_ms = rm_param_number(params, length, "window_ms", 20);
  if (!(frequency > 0)) rm_fail(RM_INVALID_PARAMS, "frequency: must be above 0");
  if (!(window_ms >= 1 && window_ms <= 1000)) rm_fail(RM_INVALID_PARAMS, "window_ms: must be 1 to 1000");
#ifdef WITH_STDIO
  printf("listening for %.1f Hz\n", frequency);
  fflush(stdout);
#endif
}

static void start(const rm_frame *frame) {
  rate = frame->audio.rate;
  window = (uint32_t)(rate * window_ms / 1000);
  if (window == 0) window = 1;
  // The nearest whole number of turns in a window, so that other tones don't leak in.
  double turns = floor(0.5 + window * frequency / rate);
  coefficient = 2 * cos(2 * M_PI * turns / window);
  before = previous = energy = 0;
  filled = 0;
}

static void change(int64_t pts, double level) {
  sounding = !sounding;
  // Two fixed texts and a whole number need no printf, whose code would outweigh the node's.
  char json[96] = "{\"event\":\"tone_on\",\"level_db\":";
  if (!sounding) strcpy(json, "{\"event\":\"tone_off\",\"level_db\":");
  int value = (int)floor(0.5 - level);
  char *at = json + strlen(json);
  if (value > 0) *at++ = '-';
  if (value >= 100) *at++ = '0' + value / 100 % 10;
  if (value >= 10) *at++ = '0' + value / 10 % 10;
  *at++ = '0' + value % 10;
  strcpy(at, "}");
  rm_emit_json("events", pts, json);
}

// The end of a window: the tone's power is compared to the threshold, and to the rest of the sound.
static void decide(int64_t pts) {
  double power = before * before + previous * previous - coefficient * before * previous;
  double amplitude = 2 * sqrt(power > 0 ? power : 0) / window;
  double level = amplitude > 1e-6 ? fmin(0, 20 * log10(amplitude)) : -120;
  bool pure = amplitude * amplitude / 2 > 0.5 * energy / window;
  if ((level >= threshold_db && pure) != sounding) change(pts, level);
  before = previous = energy = 0;
  filled = 0;
}

static double sample(const rm_frame *frame, uint32_t index) {
  if (frame->audio.format == RM_S16LE) return ((int16_t *)frame->data)[index] / 32768.0;
  if (frame->audio.format == RM_S32LE) return ((int32_t *)frame->data)[index] / 2147483648.0;
  return ((float *)frame->data)[index];
}

void rm_process(rm_frame *frame) {
  if (frame->kind != RM_AUDIO) return rm_fail(RM_BAD_INPUT, "takes audio");
  if (frame->audio.channels == 0 || frame->audio.rate == 0) return rm_fail(RM_BAD_INPUT, "audio without a rate or channels");
  if (frequency * 2 >= frame->audio.rate) return rm_fail(RM_BAD_INPUT, "frequency is above half the audio's rate");
  if (frame->audio.rate != rate) start(frame);
  uint32_t step = frame->audio.channels * (frame->audio.format == RM_S16LE ? 2 : 4);
  for (uint32_t i = 0; i < frame->length / step; i++) {
    double x = sample(frame, i * frame->audio.channels);
    double next = x + coefficient * previous - before;
    before = previous;
    previous = next;
    energy += x * x;
    if (++filled == window) decide(frame->pts + (int64_t)(i + 1) * 1000000 / rate);
  }
}

void rm_flush(void) {}
