/** A variant is looked at after so many samples, and again each time that they have doubled. */
const FIRST_LOOK = 16;

/** Whether it is asked, after `done` of `all` samples, if they say enough. */
export function isLook(done: number, all: number): boolean {
  return done < all && done >= FIRST_LOOK && Number.isInteger(Math.log2(done / FIRST_LOOK));
}
