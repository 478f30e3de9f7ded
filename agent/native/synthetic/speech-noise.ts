// Sound with speech's rhythm and spectrum, and no words: phrases of syllables with pauses between. Web-standard, pure.

/** A phrase begins so often, and is so long; the rest is a pause. */
export const phrasePeriodUs = 3_200_000;
export const phraseUs = 2_000_000;
const syllableUs = 250_000;
/** Of a syllable; what is left of it is nearly still, as between a word's sounds. */
const voicedShare = 0.8;
const roomNoise = 0.0003;

/** Middle frequencies of a vowel's first three formants, in Hz: ah, ee, oo, eh. */
const vowels: readonly (readonly number[])[] = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [300, 870, 2240],
  [530, 1840, 2480],
];

/** The sample with this number, -1 to 1; the same always. */
export function speechSample(index: number, rate: number): number {
  const us = (index / rate) * 1e6;
  const noise = roomNoise * (random(index) * 2 - 1);
  const inPhraseUs = us % phrasePeriodUs;
  if (inPhraseUs >= phraseUs) return noise;
  const syllable = Math.floor(us / phrasePeriodUs) * 8 + Math.floor(inPhraseUs / syllableUs);
  const share = (inPhraseUs % syllableUs) / (syllableUs * voicedShare);
  if (share >= 1) return noise;
  const seconds = (inPhraseUs % syllableUs) / 1e6;
  return noise + 0.3 * Math.sin(Math.PI * share) * vowelAt(seconds, syllable, rate);
}

/** Harmonics of a voice at about 120 Hz, weighed by the formants of this syllable's vowel. */
function vowelAt(seconds: number, syllable: number, rate: number): number {
  const { pitch, weights } = voiceOf(syllable);
  let sum = 0;
  for (let harmonic = 1; harmonic <= weights.length && harmonic * pitch < rate / 2; harmonic++) {
    sum += weights[harmonic - 1]! * Math.sin(2 * Math.PI * pitch * harmonic * seconds);
  }
  return sum;
}

interface Voice {
  readonly pitch: number;
  readonly weights: readonly number[];
}

function makeVoice(number: number): Voice {
  const pitch = 105 + 5 * number;
  const formants = vowels[number % vowels.length]!;
  const raw = Array.from({ length: 28 }, (_, index) => {
    const hertz = pitch * (index + 1);
    const near = (formant: number, place: number) => 0.6 ** place / (1 + ((hertz - formant) / 120) ** 2);
    return formants.reduce((sum, formant, place) => sum + near(formant, place), 0.02);
  });
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return { pitch, weights: raw.map((weight) => weight / total) };
}

const voices = Array.from({ length: 8 }, (_, number) => makeVoice(number));

function voiceOf(syllable: number): Voice {
  return voices[Math.floor(random(syllable) * voices.length)]!;
}

/** 0 to 1, by number alone. */
function random(seed: number): number {
  let bits = Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}
