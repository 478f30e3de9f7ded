// Decibels of amplitudes and powers, with a floor for silence.

/** What silence counts as. */
export const floorDb: f64 = -120;

/** 20·log10 of an amplitude, at least -120. */
export function amplitudeDb(amplitude: f64): f64 {
  return amplitude > 0 ? max(floorDb, 20 * Math.log10(amplitude)) : floorDb;
}

/** 10·log10 of a power, at least -120. */
export function powerDb(power: f64): f64 {
  return power > 0 ? max(floorDb, 10 * Math.log10(power)) : floorDb;
}
