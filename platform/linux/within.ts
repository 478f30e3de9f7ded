// within: a promise, or nothing once its time is over.

/** What the promise gives; `otherwise` where it fails or isn't there in time. What it began goes on unseen. */
export async function within<T, U>(promise: Promise<T>, timeMs: number, otherwise: U): Promise<T | U> {
  const late = Promise.withResolvers<U>();
  const timer = setTimeout(() => late.resolve(otherwise), timeMs);
  try {
    return await Promise.race([promise, late.promise]);
  } catch {
    return otherwise;
  } finally {
    clearTimeout(timer);
  }
}
