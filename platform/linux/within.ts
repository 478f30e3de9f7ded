// within: a promise, or something else once its time is over.

/** A deadline is so many waits, one after the other: whatever blocks this process for a while, a garbage collection or a board that
 * is busy with pictures, costs one of them and not the whole, and what came meanwhile is heard before the next. */
const waits = 4;

/** What the promise gives; `otherwise` where it fails or isn't there in time. What it began goes on unseen. */
export async function within<T, U>(promise: Promise<T>, timeMs: number, otherwise: U): Promise<T | U> {
  const late = Promise.withResolvers<U>();
  let left = waits;
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    if (left-- > 0) timer = setTimeout(wait, timeMs / waits);
    else late.resolve(otherwise);
  };
  wait();
  try {
    return await Promise.race([promise, late.promise]);
  } catch {
    return otherwise;
  } finally {
    clearTimeout(timer!);
  }
}
